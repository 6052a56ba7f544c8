import { z } from "zod";

import { readExport, STATE_RESOURCE, type StateResource } from "./exportedState.ts";

/** A create that the engine had begun when it was killed. It is not known whether the service has carried it out. */
export interface PendingCreate extends Pick<StateResource, "urn" | "type"> {
  /** What the program asked for, secrets in clear if the state was exported so. */
  inputs: Record<string, unknown>;
}

const CREATING = "creating";
/** An import that was cut off has only read, so there is nothing to find of it. */
const IMPORTING = "importing";
/** How Pulumi marks a secret in its state (sdk/go/common/resource/sig.go). */
const MARK = "4dabf18193072939515e22adb298388d";

/** The pending creates in what `pulumi stack export` printed. */
export function pendingCreatesIn(exportJson: string): PendingCreate[] {
  return creates(readExport(exportJson)).map(({ urn, type, inputs = {} }) => ({
    urn,
    type,
    inputs: inClear(inputs) as Record<string, unknown>,
  }));
}

/**
 * The state without pending creates and imports. Creates with an id, by URN, become resources that exist under it and are still to be read from their
 * services; all others are dropped. It is one change, so that a kill leaves all pending creates or none.
 */
export function withoutPendingCreates(exportJson: string, ids: ReadonlyMap<string, string>): string {
  const state = readExport(exportJson);
  const adopted = creates(state).flatMap((one) => {
    const id = ids.get(one.urn);
    return id === undefined ? [] : [{ ...one, id }];
  });
  const urns = new Set(adopted.map(({ urn }) => urn));
  // What an adopted one was to replace is deleted by the next `up`, as the killed one would have done.
  const kept = state.resources.map((one) => (urns.has(one.urn) ? { ...one, delete: true } : one));
  const pending = state.pending.filter(({ type }) => type !== CREATING && type !== IMPORTING);
  return state.changed({ resources: [...kept, ...adopted], pending_operations: pending });
}

/** What a preview would create, as the state will hold it. */
export type PlannedCreate = PendingCreate & Pick<StateResource, "parent" | "provider">;

const previewed = z.object({
  steps: z.array(z.object({ op: z.string(), newState: STATE_RESOURCE.optional() })).nullish(),
});

/** What `pulumi preview --json` would create. */
export function plannedCreatesIn(previewJson: string): PlannedCreate[] {
  const { steps } = previewed.parse(JSON.parse(previewJson));
  const states = (steps ?? []).flatMap(({ op, newState }) => (op === "create" && newState ? [newState] : []));
  return states.map((state) => ({ ...state, inputs: state.inputs ?? {} }));
}

/** The state with a planned resource in it that exists under an id and is still to be read from its service. */
export function withAdopted(exportJson: string, planned: PlannedCreate, id: string): string {
  const { resources, changed } = readExport(exportJson);
  return changed({ resources: [...resources, { ...planned, id }] });
}

/** Whether a state has adopted resources that were not read from their services yet: only these have an id and no outputs. */
export function hasUnread(exportJson: string): boolean {
  return readExport(exportJson).resources.some(({ id, outputs }) => id !== undefined && outputs === undefined);
}

function creates({ pending }: ReturnType<typeof readExport>): StateResource[] {
  return pending.flatMap((one) => (one.type === CREATING ? [one.resource] : []));
}

function inClear(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inClear);
  if (typeof value !== "object" || value === null) return value;
  const { plaintext } = value as Record<string, unknown>;
  if (MARK in value && typeof plaintext === "string") return inClear(JSON.parse(plaintext));
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, inClear(one)]));
}

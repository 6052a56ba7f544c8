import { z } from "zod";

/** A create that the engine had begun when it was killed: nobody knows whether it was carried out. */
export interface PendingCreate {
  urn: string;
  /** Pulumi's resource type, such as `aws:s3/bucket:Bucket`. */
  type: string;
  /** What the program asked for, secrets in clear where the state was exported so. */
  inputs: Record<string, unknown>;
}

const CREATING = "creating";
/** How Pulumi marks a secret in its state (sdk/go/common/resource/sig.go). */
const MARK = "4dabf18193072939515e22adb298388d";

const resource = z.looseObject({
  urn: z.string(),
  type: z.string(),
  id: z.string().optional(),
  delete: z.boolean().optional(),
  inputs: z.record(z.string(), z.unknown()).optional(),
  outputs: z.record(z.string(), z.unknown()).optional(),
});
const exported = z.looseObject({
  deployment: z.looseObject({
    resources: z.array(resource).nullish(),
    pending_operations: z.array(z.looseObject({ type: z.string(), resource })).nullish(),
  }),
});
type Resource = z.infer<typeof resource>;

/** The pending creates in what `pulumi stack export` printed. */
export function pendingCreatesIn(exportJson: string): PendingCreate[] {
  return creates(read(exportJson)).map(({ urn, type, inputs = {} }) => ({
    urn,
    type,
    inputs: inClear(inputs) as Record<string, unknown>,
  }));
}

/**
 * The state without pending creates: those with an id, by URN, are taken in as resources that exist under it and are still to be read from
 * their services; all others are dropped. It is one change, so that a kill leaves the pending creates or none.
 */
export function withoutPendingCreates(exportJson: string, ids: ReadonlyMap<string, string>): string {
  const state = read(exportJson);
  const adopted = creates(state).flatMap((one) => {
    const id = ids.get(one.urn);
    return id === undefined ? [] : [{ ...one, id }];
  });
  const urns = new Set(adopted.map(({ urn }) => urn));
  // What an adopted one was to replace is deleted by the next `up`, as the killed one would have done.
  const kept = (state.deployment.resources ?? []).map((one) => (urns.has(one.urn) ? { ...one, delete: true } : one));
  const pending = (state.deployment.pending_operations ?? []).filter(({ type }) => type !== CREATING);
  const deployment = { ...state.deployment, resources: [...kept, ...adopted], pending_operations: pending };
  return JSON.stringify({ ...state, deployment });
}

/** What a preview would create, as the state will hold it. */
export type PlannedCreate = PendingCreate & { parent?: string | undefined; provider?: string | undefined };

const previewed = z.object({
  steps: z.array(z.object({ op: z.string(), newState: resource.optional() })).nullish(),
});

/** What `pulumi preview --json` would create. */
export function plannedCreatesIn(previewJson: string): PlannedCreate[] {
  const { steps } = previewed.parse(JSON.parse(previewJson));
  const states = (steps ?? []).flatMap(({ op, newState }) => (op === "create" && newState ? [newState] : []));
  return states.map((state) => ({ ...state, inputs: state.inputs ?? {} }));
}

/** The state with a planned resource in it that exists under an id and is still to be read from its service. */
export function withAdopted(exportJson: string, planned: PlannedCreate, id: string): string {
  const state = read(exportJson);
  const resources = [...(state.deployment.resources ?? []), { ...planned, id }];
  return JSON.stringify({ ...state, deployment: { ...state.deployment, resources } });
}

/** Whether a state has resources that were taken in and not yet read from their services: only these have an id and no outputs. */
export function hasUnread(exportJson: string): boolean {
  return (read(exportJson).deployment.resources ?? []).some(
    ({ id, outputs }) => id !== undefined && outputs === undefined,
  );
}

function read(exportJson: string): z.infer<typeof exported> {
  return exported.parse(JSON.parse(exportJson));
}

function creates({ deployment }: z.infer<typeof exported>): Resource[] {
  return (deployment.pending_operations ?? []).flatMap((one) => (one.type === CREATING ? [one.resource] : []));
}

function inClear(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inClear);
  if (typeof value !== "object" || value === null) return value;
  const { plaintext } = value as Record<string, unknown>;
  if (MARK in value && typeof plaintext === "string") return inClear(JSON.parse(plaintext));
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, inClear(one)]));
}

import { createHmac, randomBytes } from "node:crypto";

import type { AppHost, ListedVariable } from "../../../services/appHost/appHost.ts";
import { placeOf } from "../../vault/variableValuesPart.ts";
import type { StoredVariable } from "../applicationBackup.ts";
import { nameOfVariable } from "../configurationItems.ts";
import { fieldChanges, type PlannedWrite, type RestorePlan } from "./restorePlan.ts";

/** Which variables are put back. */
export interface VariablesWish {
  part: string;
  projectId: string;
  stored: readonly StoredVariable[];
  /** The value of a stored variable, of the backup or of the sealed ones; undefined if no backup has it. Secret. */
  valueOf: (variable: StoredVariable) => string | undefined;
  /** Ids of the project's own environments, by their names. */
  environmentId: (name: string) => string | undefined;
  /** Why a variable must stay as it is; undefined if it need not. */
  keep?: ((variable: { key: string; comment?: string | undefined }) => string | undefined) | undefined;
  /** Only variables of these names, then also those whose value can't be compared. */
  names?: readonly string[] | undefined;
  /** Delete readable variables that the backup does not have. @default false */
  deleteOthers?: boolean | undefined;
}

/** A variable in the form that is compared. */
interface State {
  place: string;
  type: string;
  comment: string;
  /** Undefined if the host never shows it. */
  value: string | undefined;
}

/** Plans which variables of an app are created, changed and deleted. No value is in the plan's text, only fingerprints of one run. */
export async function planVariables(appHost: AppHost, wish: VariablesWish, signal: AbortSignal): Promise<RestorePlan> {
  const { projectId, names, keep = () => undefined, deleteOthers = false } = wish;
  const isNamed = ({ key }: { key: string }) => names === undefined || names.includes(key);
  const key = randomBytes(32);
  const shown = ({ value, ...rest }: State) => ({
    ...rest,
    ...(value !== undefined && {
      value: `fingerprint ${createHmac("sha256", key).update(value).digest("hex").slice(0, 12)}`,
    }),
  });
  const stateOf = async (one: ListedVariable, inner: AbortSignal): Promise<State> => ({
    place: placeOf(one),
    type: one.type,
    comment: one.comment ?? "",
    value: one.isReadable ? await appHost.variableValue(projectId, one.id, inner) : undefined,
  });
  const readById = (id: string) => async (inner: AbortSignal) => {
    const found = (await appHost.listVariables(projectId, inner)).find((one) => one.id === id);
    return found && (await stateOf(found, inner));
  };
  const live = await appHost.listVariables(projectId, signal);
  const left = new Set(live.filter(isNamed));
  const lists = { unknown: [] as string[], unreadable: [] as string[], others: [] as string[], lost: [] as string[] };
  const kept = new Map<string, string[]>();
  const writes: PlannedWrite[] = [];
  for (const one of wish.stored.filter((each) => isNamed(each) && each.type !== "system")) {
    const name = nameOfVariable({ ...one, environments: one.environments ?? [] });
    const ids = (one.environments ?? []).map((each) => wish.environmentId(each));
    const twin = [...left].find(
      (other) => placeOf(other) === placeOf({ ...one, environments: ids.map((id) => id ?? "") }),
    );
    if (twin !== undefined) left.delete(twin);
    const why = keep(twin ?? one) ?? (ids.includes(undefined) ? "the project has no such environment" : undefined);
    if (why !== undefined) kept.set(why, [...(kept.get(why) ?? []), name]);
    if (why !== undefined) continue;
    const value = wish.valueOf(one);
    const environments = ids.flatMap((id) => id ?? []);
    const place = { key: one.key, targets: one.targets, branch: one.branch, environments, comment: one.comment };
    if (value === undefined && twin === undefined) lists.lost.push(name);
    else if (value === undefined) lists.unknown.push(name);
    else if (twin === undefined) {
      const wanted: State = {
        place: placeOf(place),
        type: one.type,
        comment: one.comment ?? "",
        value: one.type === "sensitive" ? undefined : value,
      };
      writes.push({
        action: "create",
        item: name,
        fields: fieldChanges({}, shown({ ...wanted, value })),
        seen: undefined,
        wanted,
        read: async (inner) => {
          const found = (await appHost.listVariables(projectId, inner)).find(
            (other) => placeOf(other) === wanted.place,
          );
          return found && (await stateOf(found, inner));
        },
        write: async (inner) => {
          const clashes = await appHost.createVariables(projectId, [{ ...place, type: one.type, value }], inner);
          if (clashes.length > 0)
            throw new Error(`${appHost.name} has another variable ${clashes.join(", ")} for one of these targets.`);
        },
      });
    } else {
      const seen = await stateOf(twin, signal);
      if (seen.value === undefined && names === undefined) {
        lists.unreadable.push(name);
        continue;
      }
      // The host does not turn a sensitive variable into a readable one.
      const type = twin.isReadable ? one.type : twin.type;
      const wanted: State = {
        ...seen,
        type,
        comment: one.comment ?? "",
        value: type === "sensitive" ? undefined : value,
      };
      const fields = fieldChanges(shown(seen), shown({ ...wanted, value }));
      if (fields.length === 0) continue;
      writes.push({
        action: "update",
        item: name,
        fields,
        seen,
        // What the host never shows is written again by a second run, with the same value.
        wanted: seen.value === undefined ? Symbol("unknown") : wanted,
        read: readById(twin.id),
        write: (inner) => appHost.changeVariable(projectId, twin.id, { ...place, type, value }, inner),
      });
    }
  }
  for (const one of left) {
    const seen = await stateOf(one, signal);
    if (!deleteOthers || seen.value === undefined || keep(one) !== undefined) lists.others.push(nameOfVariable(one));
    else
      writes.push({
        action: "delete",
        item: nameOfVariable(one),
        fields: fieldChanges(shown(seen), {}),
        seen,
        wanted: undefined,
        read: readById(one.id),
        write: (inner) => appHost.removeVariable(projectId, one.id, inner),
      });
  }
  const listed = (what: string, of: readonly string[], then = "") =>
    of.length === 0 ? [] : [`${what}: ${[...of].sort().join("; ")}.${then}`];
  const notes = [
    ...listed(
      "Lost, since no backup holds the value",
      lists.lost,
      " Set them by hand, then seal them with `castchat-recovery env import`.",
    ),
    ...listed("Kept, since no backup holds a value to compare", lists.unknown),
    ...listed(
      "Kept, since the host never shows the value",
      lists.unreadable,
      " Name one with --name to write the sealed value.",
    ),
    ...listed(
      "Not in the backup, and kept",
      lists.others,
      " --delete-others deletes those whose value the host shows.",
    ),
    ...[...kept].flatMap(([why, of]) => listed(`Kept, since ${why}`, of)),
  ];
  return { part: wish.part, writes, notes, size: live.length };
}

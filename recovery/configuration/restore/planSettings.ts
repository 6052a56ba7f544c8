import { isDeepStrictEqual } from "node:util";

import { LEFT_OUT } from "../withoutSecrets.ts";
import { fieldChanges, type PlannedWrite, type RestorePlan } from "./restorePlan.ts";

/** Settings that are put back as a whole: those of an app's project, or of the auth service. */
export interface SettingsWish {
  part: string;
  /** What the settings belong to, for people. */
  item: string;
  stored: Readonly<Record<string, unknown>>;
  /** The settings now. */
  read: (signal: AbortSignal) => Promise<Readonly<Record<string, unknown>>>;
  isWritable: (field: string) => boolean;
  write: (settings: Record<string, unknown>, signal: AbortSignal) => Promise<void>;
}

/** Plans which fields are put back, in one request. Settings that the backup does not have stay. */
export async function planSettings(wish: SettingsWish, signal: AbortSignal): Promise<RestorePlan> {
  const { part, item, stored, isWritable } = wish;
  const live = await wish.read(signal);
  const secret = Object.keys(stored).filter((field) => holdsLeftOut(stored[field]));
  const fields = Object.keys(stored).filter(
    (field) => isWritable(field) && !secret.includes(field) && !isDeepStrictEqual(stored[field], live[field]),
  );
  const only = (settings: Readonly<Record<string, unknown>>) =>
    Object.fromEntries(fields.map((field) => [field, settings[field]]));
  const [was, wanted] = [only(live), only(stored)];
  const write: PlannedWrite = {
    action: "update",
    item,
    fields: fieldChanges(was, wanted),
    seen: was,
    wanted,
    read: async (inner) => only(await wish.read(inner)),
    write: (inner) => wish.write(wanted, inner),
  };
  const notes =
    secret.length === 0
      ? []
      : [`Secrets that no backup of the configuration holds, and left as they are: ${secret.sort().join(", ")}.`];
  return { part, writes: fields.length === 0 ? [] : [write], notes, size: 1 };
}

function holdsLeftOut(value: unknown): boolean {
  return value === LEFT_OUT || (typeof value === "object" && value !== null && Object.values(value).some(holdsLeftOut));
}

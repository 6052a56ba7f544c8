import { ALL } from "./lacks.ts";
import type { Manifest, PartName } from "./manifest.ts";

/** What a full backup holds in addition to its database. Each part can be restored from another backup than the database. */
export const OUTSIDE_PARTS = ["storage", "functions", "authSettings", "configuration"] as const;
export type OutsidePart = (typeof OUTSIDE_PARTS)[number];

/** The parts as plural nouns. */
export const PART_WORDS: Readonly<Record<OutsidePart, string>> = {
  storage: "storage objects",
  functions: "edge functions",
  authSettings: "auth settings",
  configuration: "parts of the configuration",
};

/** Whether a backup has all of a part. `unknown` if its manifest is too old to say so. */
export type Wholeness = "whole" | "lacking" | "unknown";

/** The fields of a manifest that the answer depends on. */
export type Held = Pick<Manifest, "parts" | "leftOut" | "lacks">;

/** The part of the backup that holds or describes each of them. */
const LIES_IN: Readonly<Record<OutsidePart, PartName>> = {
  storage: "project.json",
  functions: "project.json",
  authSettings: "project.json",
  configuration: "configuration.json",
};

/** How `leftOut` says what is missing, in manifests without `lacks`. */
const OLDER_WORDS: Readonly<Record<Exclude<OutsidePart, "configuration">, RegExp>> = {
  storage: /^bytes of (storage object |\d+ storage objects )/,
  functions: /^(edge functions$|code of edge function )/,
  authSettings: /^(auth settings|values of the auth settings)$/,
};

/** Whether a backup has all of a part, according to its manifest. */
export function wholenessOf(manifest: Held, part: OutsidePart): Wholeness {
  if (!manifest.parts.some(({ name }) => name === LIES_IN[part])) return "lacking";
  // In older backups only the configuration itself says what it lacks.
  if (manifest.lacks === undefined && part === "configuration") return "unknown";
  return lackingNames(manifest, part).length === 0 ? "whole" : "lacking";
}

/**
 * Names of what a backup lacks of a part: "bucket/path" of objects, slugs of functions, names of configuration parts. {@link ALL} if the
 * names are unknown.
 */
export function lackingNames(manifest: Held, part: OutsidePart): string[] {
  if (!manifest.parts.some(({ name }) => name === LIES_IN[part])) return [ALL];
  const { lacks } = manifest;
  if (lacks !== undefined) {
    if (part !== "storage") return lacks[part] ?? [];
    return (lacks.storage ?? []).filter(({ excused }) => excused !== true).map(({ name }) => name);
  }
  if (part === "configuration") return [];
  const words = OLDER_WORDS[part];
  const named = manifest.leftOut.map(({ what }) => what).filter((what) => words.test(what));
  // Names in a list of objects cannot be separated: a name may hold the separator.
  return named.map((what) => /^(?:code of edge function|bytes of storage object) (.+)$/s.exec(what)?.[1] ?? ALL);
}

/** The first of these backups, which are sorted newest first, that has all of a part. */
export function newestWhole<B extends { manifest: Held }>(
  backups: readonly B[],
  part: OutsidePart,
  counts: readonly Wholeness[] = ["whole"],
): B | undefined {
  return backups.find(({ manifest }) => counts.includes(wholenessOf(manifest, part)));
}

/**
 * The backups that must not be lost, among these, which are sorted newest first: the newest, which the database is restored from, and the
 * newest that has each part. A backup that may or may not have a part counts: to hold one too many costs storage, to hold none costs the
 * part.
 */
export function holdersAmong<B extends { manifest: Held }>(backups: readonly B[]): Set<B> {
  const holders = [backups[0], ...OUTSIDE_PARTS.map((part) => newestWhole(backups, part, ["whole", "unknown"]))];
  return new Set(holders.filter((one) => one !== undefined));
}

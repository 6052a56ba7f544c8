import { ALL } from "./lacks.ts";
import type { Manifest, PartName } from "./manifest.ts";

/** What a full backup holds beside its database. Each can come from another backup than the database does. */
export const PARTS_BESIDE = ["storage", "functions", "authSettings", "configuration"] as const;
export type PartBeside = (typeof PARTS_BESIDE)[number];

/** The parts in words, as plurals. */
export const PART_WORDS: Readonly<Record<PartBeside, string>> = {
  storage: "storage objects",
  functions: "edge functions",
  authSettings: "auth settings",
  configuration: "parts of the configuration",
};

/** Whether a backup has all of a part; `unknown` where its manifest is older than that question. */
export type Wholeness = "whole" | "lacking" | "unknown";

/** What of a manifest the answer depends on. */
export type Held = Pick<Manifest, "parts" | "leftOut" | "lacks">;

/** The part of the backup that each lies in, or is described by. */
const LIES_IN: Readonly<Record<PartBeside, PartName>> = {
  storage: "project.json",
  functions: "project.json",
  authSettings: "project.json",
  configuration: "configuration.json",
};

/** The words of `leftOut` by which manifests without `lacks` name what they lack. */
const OLDER_WORDS: Readonly<Record<Exclude<PartBeside, "configuration">, RegExp>> = {
  storage: /^bytes of (storage object |\d+ storage objects )/,
  functions: /^(edge functions$|code of edge function )/,
  authSettings: /^(auth settings|values of the auth settings)$/,
};

/** Whether a backup has all of a part, by its manifest. */
export function wholenessOf(manifest: Held, part: PartBeside): Wholeness {
  if (!manifest.parts.some(({ name }) => name === LIES_IN[part])) return "lacking";
  // What the configuration lacks was only said in the part itself.
  if (manifest.lacks === undefined && part === "configuration") return "unknown";
  return lackingNames(manifest, part).length === 0 ? "whole" : "lacking";
}

/**
 * Names of what a backup lacks of a part: "bucket/path" of objects, slugs, names of the configuration's parts. {@link ALL} where they
 * are not known.
 */
export function lackingNames(manifest: Held, part: PartBeside): string[] {
  if (!manifest.parts.some(({ name }) => name === LIES_IN[part])) return [ALL];
  const { lacks } = manifest;
  if (lacks !== undefined) {
    if (part !== "storage") return lacks[part] ?? [];
    return (lacks.storage ?? []).filter(({ excused }) => excused !== true).map(({ name }) => name);
  }
  if (part === "configuration") return [];
  const words = OLDER_WORDS[part];
  const named = manifest.leftOut.map(({ what }) => what).filter((what) => words.test(what));
  // Names in a list of objects can't be told apart: a name may hold what separates them.
  return named.map((what) => /^(?:code of edge function|bytes of storage object) (.+)$/s.exec(what)?.[1] ?? ALL);
}

/** The first of some backups, the newest first, that has all of a part. */
export function newestWhole<B extends { manifest: Held }>(
  backups: readonly B[],
  part: PartBeside,
  counts: readonly Wholeness[] = ["whole"],
): B | undefined {
  return backups.find(({ manifest }) => counts.includes(wholenessOf(manifest, part)));
}

/**
 * Of backups, the newest first, those that must not be lost: the newest, as the database comes from it, and the newest that has each part.
 * One that can't tell counts as if it had the part: to hold one too many costs storage, to hold none costs the part.
 */
export function holdersAmong<B extends { manifest: Held }>(backups: readonly B[]): Set<B> {
  const holders = [backups[0], ...PARTS_BESIDE.map((part) => newestWhole(backups, part, ["whole", "unknown"]))];
  return new Set(holders.filter((one) => one !== undefined));
}

import type { Session } from "../session/database.ts";
import { tableName } from "../session/quote.ts";
import { listExtensions, listSequences } from "./catalog.ts";
import type { DescribedDatabase } from "./description.ts";
import { digestObjects, LATER_KINDS, listInheritedConstraints, type ObjectDigests } from "./objects.ts";
import { asPlayed } from "./standIn.ts";

/**
 * Definitions of the backup that are missing or altered now, and new ones, by their names in the manifest ("policy public.posts own
 * posts").
 */
export interface DefinitionDifferences {
  missing: string[];
  altered: string[];
  added: string[];
  /** Why altered definitions are unknown. Undefined if they are known. */
  notCompared: string | undefined;
}

/** A sequence that is missing, or would return values again that the backup's had returned. */
export interface SequenceDifference {
  name: string;
  inBackup: string;
  /** Undefined if it is missing, null if it has returned no value. */
  now: string | null | undefined;
}

/** Compares every definition and right of the app with the backup's. */
export async function compareDefinitions(
  session: Session,
  manifest: DescribedDatabase,
): Promise<DefinitionDifferences> {
  const isSameMajor = Number.parseInt(manifest.source.serverVersion, 10) === session.serverMajor;
  const objects = plainlyNamed(manifest.objects);
  const names = Object.keys(objects);
  const known = manifest.laterKinds ?? LATER_KINDS.filter((kind) => names.some((name) => isOf(name, kind)));
  const now = plainlyNamed(await digestObjects(session, known));
  const isUnknown = (name: string) => LATER_KINDS.some((kind) => isOf(name, kind) && !known.includes(kind));
  const [own] = await session.query<{ digest: string }>(`select md5(${asPlayed("current_user::text")}) as digest`);
  // The role that reads here owns it, and may differ from the role that read for the backup.
  const isOwnHere = (name: string) => isOf(name, "owner of") && objects[name] === own?.digest;
  const alike = await inheritedAlike(session, objects, now);
  const renamed = new Set(Object.values(alike));
  return {
    missing: names.filter((name) => now[name] === undefined && !isOwnHere(name) && alike[name] === undefined),
    altered: isSameMajor ? names.filter((name) => now[name] !== undefined && now[name] !== objects[name]) : [],
    added: Object.keys(now).filter((name) => objects[name] === undefined && !isUnknown(name) && !renamed.has(name)),
    notCompared: isSameMajor ? undefined : "another major version writes the same definition in other words",
  };
}

/**
 * Constraints of the backup that have another name here: name in the backup → name here. In a restore, a partition that was attached with a
 * foreign key of its own gets its parent's name for it. The table must have as many constraints of the same meaning.
 */
async function inheritedAlike(
  session: Session,
  objects: ObjectDigests,
  now: ObjectDigests,
): Promise<Record<string, string>> {
  const missing = Object.keys(objects).filter((name) => isOf(name, "constraint") && now[name] === undefined);
  if (missing.length === 0) return {};
  const free = new Map(
    (await listInheritedConstraints(session))
      .map(({ table, name }) => [plain(name), plain(table)] as const)
      .filter(([name]) => objects[name] === undefined),
  );
  const alike: Record<string, string> = {};
  for (const name of missing) {
    const [found] = [...free].find(([one, table]) => name.startsWith(table) && now[one] === objects[name]) ?? [];
    if (found === undefined) continue;
    free.delete(found);
    alike[name] = found;
  }
  return alike;
}

function isOf(name: string, kind: string): boolean {
  return name.startsWith(`${kind} `);
}

/** Without quotes around names that need none: which words a server quotes depends on its version. */
function plainlyNamed(objects: ObjectDigests): ObjectDigests {
  return Object.fromEntries(Object.entries(objects).map(([name, digest]) => [plain(name), digest]));
}

function plain(name: string): string {
  return name.includes('"') ? name.replaceAll(/"([a-z_][a-z0-9_$]*)"/g, "$1") : name;
}

/**
 * Sequences that are missing or behind the backup. A dump reads them just after the manifest, so a sequence may be ahead. One that cycles
 * may be anywhere.
 */
export async function compareSequences(session: Session, manifest: DescribedDatabase): Promise<SequenceDifference[]> {
  const found = new Map((await listSequences(session)).map((one) => [tableName(one), one.lastValue]));
  return manifest.sequences.flatMap((sequence): SequenceDifference[] => {
    const name = tableName(sequence);
    const now = found.get(name);
    const inBackup = sequence.lastValue ?? "unused";
    if (now === undefined) return [{ name, inBackup, now }];
    if (sequence.lastValue === null || sequence.cycle) return [];
    if (now === null) return [{ name, inBackup, now }];
    const ahead = BigInt(now) - BigInt(sequence.lastValue);
    const isBehind = sequence.increment.startsWith("-") ? ahead > 0n : ahead < 0n;
    return isBehind ? [{ name, inBackup, now }] : [];
  });
}

/** Extensions of the backup that are not installed. */
export async function missingExtensions(session: Session, manifest: DescribedDatabase): Promise<string[]> {
  const found = new Set((await listExtensions(session)).map((extension) => extension.name));
  return manifest.extensions.map(({ name }) => name).filter((name) => !found.has(name));
}

/** What is wrong with an altered definition. */
export const ALTERED = "is defined otherwise";

/** The differences by name and what is wrong with it, as the words of a clause. */
export async function describedDifferences(
  session: Session,
  manifest: DescribedDatabase,
): Promise<{ name: string; how: string }[]> {
  const { missing, added, altered } = await compareDefinitions(session, manifest);
  return [
    ...missing.map((name) => ({ name, how: "is missing" })),
    ...added.map((name) => ({ name, how: "is not in the backup" })),
    ...altered.map((name) => ({ name, how: ALTERED })),
  ];
}

/** Which definitions and rights of the app are missing, are too many or are others than the backup's, in clauses. */
export async function differencesOfObjects(session: Session, manifest: DescribedDatabase): Promise<string[]> {
  return (await describedDifferences(session, manifest)).map(({ name, how }) => `${name} ${how}`);
}

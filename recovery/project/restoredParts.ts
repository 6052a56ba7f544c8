import type { RestoredPart, RestoredParts } from "../../planning/restoredParts.ts";
import { OUTSIDE_PARTS, type OutsidePart, PART_WORDS } from "../vault/completeness.ts";
import { ALL } from "../vault/lacks.ts";

/** The most names that are kept. */
const NAMED = 10;

/** What a part's state depends on. */
interface PartFacts {
  from: RestoredPart["from"];
  missing: readonly string[];
  failed: readonly string[];
}

/** Judges a part by what was restored and what was not. */
export function restoredPart({ from, missing, failed }: PartFacts): RestoredPart {
  const used = from.filter(({ count }) => count > 0);
  const lost = missing.length + failed.length;
  return {
    state: lost === 0 ? "whole" : used.length === 0 ? "missing" : "partly",
    from: lost === 0 && used.length === 0 ? from.slice(0, 1) : used,
    missing: missing.length,
    failed: failed.length,
    names: [...failed, ...missing].slice(0, NAMED),
  };
}

/** Whether something that the app needs is missing, or something that the backup holds was refused. */
export function hasLosses(parts: RestoredParts): boolean {
  return lossesIn(parts).length > 0;
}

/** How many things of each part are missing or were refused, in clauses ("2 storage objects"). */
export function lossesIn({ storage, functions, authSettings }: RestoredParts): string[] {
  // A backup that is not sealed never has the auth settings. The notes say so, and it is no failure.
  const counts: [OutsidePart, number][] = [
    ["storage", storage.missing + storage.failed],
    ["functions", functions.missing + functions.failed],
    ["authSettings", authSettings.failed],
  ];
  return counts.flatMap(([part, count]) => (count === 0 ? [] : [`${count} ${PART_WORDS[part]}`]));
}

/** What the operator must know of the parts, in sentences: what comes from an older backup than the database, and what is missing. */
export function partNotes(parts: RestoredParts, backupId: string): string[] {
  return OUTSIDE_PARTS.flatMap((part) => notesOf(part, parts[part], backupId));
}

function notesOf(part: OutsidePart, { state, from, missing, failed, names }: RestoredPart, backupId: string): string[] {
  const words = PART_WORDS[part];
  const older = from.filter((one) => one.backupId !== backupId);
  if (state === "held back") {
    const [first] = older;
    return [
      `The ${words} are not restored. Backup ${backupId} lacks them, and those of ${first?.backupId ?? ""} (${first?.snapshotAt ?? ""}) may reopen what was closed since. To apply them, run \`castchat-recovery restore --older-auth-settings\` for this database.`,
    ];
  }
  if (part === "authSettings" && state === "missing")
    return ["The backup holds no values of the auth settings. Set them in the project."];
  const verb = part === "configuration" ? "can be taken" : "come";
  const which = part === "storage" ? ", each in the version that its restored row names" : "";
  const lines = older.map(
    (one) =>
      `${one.count} ${words} ${verb} from the older backup ${one.backupId} (${one.snapshotAt}), because ${backupId} lacks them${which}.`,
  );
  if (missing > 0) lines.push(missingText(words, missing, failed === 0 ? names : []));
  if (failed > 0)
    lines.push(
      `${failed} ${words} could not be brought back: ${listed(names, failed + missing)}. Correct the causes, then run \`castchat-recovery restore\` for this database again. It retries them.`,
    );
  return lines;
}

function missingText(words: string, missing: number, names: readonly string[]): string {
  if (names.includes(ALL)) return `The ${words} are missing. No proven backup holds all of them.`;
  const some = names.length === 0 ? "" : `: ${listed(names, missing)}`;
  return `${missing} ${words} are missing altogether, because no proven backup holds the versions that the restored state needs${some}.`;
}

function listed(names: readonly string[], count: number): string {
  return names.join("; ") + (count > names.length ? `; and ${count - names.length} more` : "");
}

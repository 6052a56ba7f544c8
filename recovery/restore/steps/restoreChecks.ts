import { PromiseError } from "../../../services/common/errors.ts";
import { named } from "../../../services/common/named.ts";
import { together } from "../../../services/common/pool.ts";
import { countForSeed, type SeedCounts } from "../../postgres/catalog/catalog.ts";
import {
  compareSequences,
  differencesOfObjects,
  missingExtensions,
} from "../../postgres/catalog/compareDefinitions.ts";
import { compareLargeObjects } from "../../postgres/catalog/largeObjects.ts";
import { differencesOf, planComparison, readForComparison } from "../../postgres/rows/compareTables.ts";
import { type Session, withSession } from "../../postgres/session/database.ts";
import { KINDS } from "../../vault/backupKinds.ts";
import type { Manifest } from "../../vault/manifest.ts";
import { broaderRights } from "../rights/broaderRights.ts";
import type { Selection } from "../run/restoreSelection.ts";
import { orphansIn } from "./restoreState.ts";

/**
 * Compares a restored database with the manifest: every table's rows and content, every definition and right, every
 * sequence, the extensions, and the counts of the recovery guide; of definitions alone only those. PromiseError that names
 * what differs.
 *
 * @param withObjects false where definitions and rights are not all there yet, and are compared later
 */
export async function checkRestored(
  targetUrl: string,
  applicationName: string,
  manifest: Manifest,
  signal: AbortSignal,
  selection: Selection = "everything",
  withObjects = true,
): Promise<SeedCounts> {
  const differences: string[] = [];
  const inSession =
    <T>(work: (session: Session) => Promise<T>) =>
    (inner: AbortSignal) =>
      withSession(targetUrl, { applicationName, signal: inner }, work);
  const ofRows = selection !== "definitions";
  const comparison = await inSession((session) => planComparison(session, ofRows ? manifest.tables : []))(signal);
  const [, counts] = await together<[undefined, SeedCounts]>(
    signal,
    inSession((session) => readForComparison(session, comparison)),
    inSession(async (session) => {
      differences.push(
        ...(withObjects ? await differencesOfObjects(session, manifest) : []),
        ...(withObjects ? await broaderRights(session, manifest) : []),
        ...(await missingExtensions(session, manifest)).map((name) => `extension ${name} is missing`),
      );
      const found = await countForSeed(session);
      if (ofRows) {
        differences.push(
          ...(await differencesOfSequences(session, manifest)),
          ...(await compareLargeObjects(session, manifest.largeObjects)),
          ...(await orphansIn(session, selection === "rows" ? "all" : "managed")),
        );
        if (KINDS[manifest.kind].rows === "all") differences.push(...differencesOfCounts(found, manifest.seedCounts));
      }
      await readForComparison(session, comparison);
      return found;
    }),
  );
  differences.unshift(...differencesOf(comparison, manifest.tables));
  if (differences.length > 0) {
    throw new PromiseError(
      `The restored database is not what backup ${manifest.backupId} holds: ${named(differences)}.`,
    );
  }
  return counts;
}

async function differencesOfSequences(session: Session, manifest: Manifest): Promise<string[]> {
  return (await compareSequences(session, manifest)).map(({ name, inBackup, now }) => {
    if (now === undefined) return `sequence ${name} is missing`;
    return now === null ? `sequence ${name} begins anew` : `sequence ${name} stands at ${now} instead of ${inBackup}`;
  });
}

function differencesOfCounts(found: SeedCounts, expected: SeedCounts): string[] {
  return (["users", "posts", "applications"] as const)
    .filter((name) => found[name] !== expected[name])
    .map((name) => `there are ${found[name]} ${name} instead of ${expected[name]}`);
}

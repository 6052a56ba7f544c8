import { PromiseError } from "../../../services/common/errors.ts";
import { named } from "../../../services/common/named.ts";
import { together } from "../../../services/common/pool.ts";
import type { Timing } from "../../../services/common/timing.ts";
import { reloadApiSchema } from "../../postgres/catalog/apiCache.ts";
import { type ContentCounts, countContent } from "../../postgres/catalog/catalog.ts";
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
import { recordedCounts } from "../../vault/tableContents.ts";
import { broaderRights } from "../rights/broaderRights.ts";
import { isAbout, listNotRestored, type NotRestored } from "../run/notRestored.ts";
import type { Restoring } from "../run/restoring.ts";
import { fittedTables } from "./fittedTables.ts";
import { analyseTables, orphansIn } from "./restoreState.ts";

/** Which parts of a restored database are compared. */
export interface ComparedParts {
  /** Rows, sequences, large objects, references and counts. @default true */
  ofRows?: boolean;
  /** Definitions and rights; false if they are compared later because some are still missing. @default true */
  ofObjects?: boolean;
  /** Whose foreign keys have not checked the rows. @default "managed" */
  orphansOf?: "managed" | "all";
}

/** A restored database, and the manifest that it should be equal to. */
export interface RestoreChecks
  extends ComparedParts, Pick<Restoring, "targetUrl" | "applicationName" | "manifest" | "signal"> {
  /** @default - the real one */
  timing?: Timing | undefined;
  /** What the target cannot take. Differences that are about it are no faults. */
  notRestored?: readonly NotRestored[];
}

/** The counts of a restored database, and in sentences what it lacks of the backup. */
export interface Compared extends ContentCounts {
  notRestored: string[];
  /** Those of it that are content of the backup. */
  lost: string[];
}

/**
 * The phase "checks". Makes the tables' statistics meanwhile if there are rows. PromiseError if the target is not what the backup holds.
 */
export async function compareRestored(restoring: Restoring, parts: ComparedParts = {}): Promise<Compared> {
  const { session, manifest, acceptsBroaderRights } = restoring;
  const { timing } = session;
  const notRestored = await listNotRestored(session, restoring.restoreId);
  const tables = await fittedTables(session, restoring.restoreId, manifest);
  const compared = { ...manifest, tables, ...(acceptsBroaderRights === true && { platformRights: undefined }) };
  const [counts] = await restoring.phase("checks", "Comparing every table, definition and right with the backup", () =>
    together<[ContentCounts, undefined]>(
      restoring.signal,
      (signal) => checkRestored({ ...restoring, ...parts, manifest: compared, timing, signal, notRestored }),
      () => (parts.ofRows === false ? Promise.resolve(undefined) : analyseTables(session, manifest)),
    ),
  );
  await reloadApiSchema(session);
  const lost = notRestored.filter(({ isLoss }) => isLoss === true);
  return { ...counts, notRestored: notRestored.map(({ note }) => note), lost: lost.map(({ note }) => note) };
}

/**
 * Compares a restored database with the manifest: every table's rows and content, every definition and right, every sequence, the
 * extensions, and the counts of docs/objectives.md. PromiseError that names what differs.
 *
 * @internal
 */
export async function checkRestored(checks: RestoreChecks): Promise<ContentCounts> {
  const { timing, targetUrl, applicationName, manifest, signal, ofRows = true, ofObjects = true, orphansOf } = checks;
  const differences: string[] = [];
  const inSession =
    <T>(work: (session: Session) => Promise<T>) =>
    (inner: AbortSignal) =>
      withSession(targetUrl, { applicationName, signal: inner, timing }, work);
  const comparison = await inSession((session) => planComparison(session, ofRows ? manifest.tables : []))(signal);
  const [, counts] = await together<[undefined, ContentCounts]>(
    signal,
    inSession((session) => readForComparison(session, comparison)),
    inSession(async (session) => {
      differences.push(
        ...(ofObjects ? await differencesOfObjects(session, manifest) : []),
        ...(ofObjects ? await broaderRights(session, manifest) : []),
        ...(await missingExtensions(session, manifest)).map((name) => `extension ${name} is missing`),
      );
      const found = await countContent(session);
      if (ofRows) {
        differences.push(
          ...(await differencesOfSequences(session, manifest)),
          ...(await compareLargeObjects(session, manifest.largeObjects)),
          ...(await orphansIn(session, orphansOf)),
        );
        if (KINDS[manifest.kind].rows === "all")
          differences.push(...differencesOfCounts(found, recordedCounts(manifest)));
      }
      await readForComparison(session, comparison);
      return found;
    }),
  );
  differences.unshift(...differencesOf(comparison, manifest.tables));
  const faults = differences.filter((one) => !isAbout(one, checks.notRestored ?? []));
  if (faults.length > 0) {
    throw new PromiseError(`The restored database is not what backup ${manifest.backupId} holds: ${named(faults)}.`);
  }
  return counts;
}

async function differencesOfSequences(session: Session, manifest: Manifest): Promise<string[]> {
  return (await compareSequences(session, manifest)).map(({ name, inBackup, now }) => {
    if (now === undefined) return `sequence ${name} is missing`;
    return `sequence ${name} stands at ${now ?? "its start"} instead of ${inBackup}`;
  });
}

function differencesOfCounts(found: ContentCounts, expected: ContentCounts): string[] {
  return (["users", "posts", "applications"] as const)
    .filter((name) => found[name] !== expected[name])
    .map((name) => `there are ${found[name]} ${name} instead of ${expected[name]}`);
}

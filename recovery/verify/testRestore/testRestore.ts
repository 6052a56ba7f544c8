import type { Clock } from "../../../services/common/clock.ts";
import { messageOf, UserError } from "../../../services/common/errors.ts";
import { named } from "../../../services/common/named.ts";
import type { Reporter } from "../../../services/common/reporter.ts";
import { isPrivileged } from "../../postgres/roles/privilegedRole.ts";
import { type Session, withSession } from "../../postgres/session/database.ts";
import { SQLSTATE } from "../../postgres/session/sqlState.ts";
import type { Throwaway, ThrowawayPostgres } from "../../postgres/session/throwawayPostgres.ts";
import { restore } from "../../restore/recipes/restore.ts";
import { EntryFault } from "../../restore/run/entryFault.ts";
import { restoreIdFor, type RestoreResult } from "../../restore/run/restoreMarker.ts";
import { eventTriggersOf, manifestWithoutEventTriggers } from "../../restore/steps/eventTriggers.ts";
import { fittedTables } from "../../restore/steps/fittedTables.ts";
import { KINDS } from "../../vault/backupKinds.ts";
import type { BackupSource } from "../../vault/backupSource.ts";
import { fetchText } from "../../vault/fetchPart.ts";
import type { TierPrefix } from "../../vault/listBackups.ts";
import type { Manifest } from "../../vault/manifest.ts";
import { CHECKLIST } from "../../vault/verification.ts";
import { listMissingExtensions, type PreparedThrowaway, prepareThrowaway } from "../throwaway/prepare.ts";
import { checkAuthentication } from "./authentication.ts";
import { checkAll, type CheckLine, type Finding, fine, notHere } from "./checklist.ts";
import { checkConnectivity } from "./connectivity.ts";
import { checkDefinitions } from "./definitions.ts";
import { checkFlows } from "./flows.ts";
import { checkIntegrity } from "./integrity.ts";

/** What to restore for a test, and where. */
export interface TestRestoreOptions {
  source: BackupSource;
  /** Public keys (PEM) of the writers. */
  trustedKeys: readonly string[];
  tiers: readonly TierPrefix[];
  throwaways: ThrowawayPostgres;
  /** "host:port" of servers that must never be used. */
  forbidden: readonly string[];
  clock: Clock;
  reporter: Reporter;
  signal: AbortSignal;
}

/** What a test restore has shown. */
export interface TestRestoreResult {
  /** Where it ran. */
  throwaway: string;
  lines: CheckLine[];
  /** Differences between the throwaway and a real project that are not faults, in sentences. */
  notes: string[];
  /** From an empty database to a checked one, in milliseconds. Absent if the restore failed. */
  restoreMs: number | undefined;
}

/** Of the restore into a throwaway, which is the only one there. */
const GENERATION = 1;

const [RESTORATION, SCHEMA, INTEGRITY, CONNECTIVITY, AUTHENTICATION, FLOWS] = CHECKLIST;

/**
 * Restores a backup into a throwaway database, makes the checks of docs/objectives.md there, and always removes the database again. The
 * lines say what is wrong.
 *
 * @throws UserError if no throwaway can be made, or the restore could not be tried
 */
export async function testRestore(options: TestRestoreOptions): Promise<TestRestoreResult> {
  const { manifest } = options.source;
  if (!KINDS[manifest.kind].isWhole)
    throw new UserError(
      `Backup ${manifest.backupId} is of kind "${manifest.kind}". A test restore needs a full one. Name one with \`--backup\`.`,
    );
  const throwaway = await options.throwaways.create({
    serverMajor: Number.parseInt(manifest.source.serverVersion, 10),
    systemIdentifier: manifest.source.systemIdentifier,
    forbidden: [`${manifest.source.host}:${manifest.source.port ?? 5432}`, ...options.forbidden],
    reporter: options.reporter,
    signal: options.signal,
  });
  try {
    return await restoreAndCheck(throwaway, options);
  } finally {
    await throwaway.remove();
  }
}

async function restoreAndCheck(throwaway: Throwaway, options: TestRestoreOptions): Promise<TestRestoreResult> {
  const { source, signal } = options;
  const ended = (finding: Finding): TestRestoreResult => ({
    throwaway: throwaway.description,
    lines: [
      { item: RESTORATION, what: "restore", ...finding },
      ...CHECKLIST.slice(1).map((item) => ({ item, what: "everything", ...notHere("the restore did not succeed") })),
    ],
    notes: [],
    restoreMs: undefined,
  });
  const missing = await withSession(
    throwaway.adminUrl,
    { applicationName: "castchat-recovery verify", signal },
    (admin) => listMissingExtensions(admin, source.manifest),
  );
  if (missing.length > 0)
    return ended({
      state: "not ok",
      detail: `the throwaway server does not offer ${missing.join(", ")}; set VERIFY_DATABASE_URL to a server that does`,
    });
  let prepared: PreparedThrowaway;
  try {
    const roles = await fetchText(source, "roles.sql", signal);
    options.reporter("Preparing the throwaway as a new Supabase project");
    prepared = await prepareThrowaway(throwaway, source.manifest, roles, signal);
  } catch (error) {
    rethrowUnlessFault(error, signal);
    return ended({ state: "not ok", detail: `the throwaway could not be prepared: ${messageOf(error)}` });
  }
  const without = await inSessionOf(prepared, signal, async (session) => !(await isPrivileged(session)));
  const restored = await tryRestore(prepared, options, without);
  if (!restored.isFilled) return ended(restored.finding);
  const restoreId = restoreIdFor(prepared.targetUrl, GENERATION);
  // Columns and tables that a new project lacks are the restore's own fault lines, and no others.
  const tables = await inSessionOf(prepared, signal, (session) => fittedTables(session, restoreId, source.manifest));
  const manifest = { ...(without ? manifestWithoutEventTriggers(source.manifest) : source.manifest), tables };
  return {
    throwaway: throwaway.description,
    lines: [
      { item: RESTORATION, what: "restore", ...restored.finding },
      ...(await checkRestoredDatabase(prepared, manifest, options)),
      ...(without ? eventTriggersLeftOut(source.manifest) : []),
      ...(await inSessionOf(prepared, signal, foreignServersAlone)),
    ],
    notes: [...prepared.notes, ...(restored.result?.notes ?? [])],
    restoreMs: restored.result?.durationMs,
  };
}

/** Other servers only let superusers create event triggers, and a backup's code must never run as a superuser. */
function eventTriggersLeftOut(manifest: Manifest): CheckLine[] {
  const names = eventTriggersOf(manifest);
  if (names?.length === 0) return [];
  const which = names === undefined ? "those that the backup may hold" : names.join(", ");
  const reason = `only superusers, and on Supabase \`postgres\`, may create them; left out here: ${which}`;
  return [{ item: SCHEMA, what: "event triggers", ...notHere(reason) }];
}

/** A test logs in nowhere else, and keeps no password of another server. */
async function foreignServersAlone(session: Session): Promise<CheckLine[]> {
  const servers = await session.query<{ name: string }>(
    "select srvname::text as name from pg_catalog.pg_foreign_server order by 1",
  );
  if (servers.length === 0) return [];
  const names = named(servers.map(({ name }) => name));
  const reason = `a test restore connects to no other server; left out here: the user mappings of ${names}`;
  return [{ item: SCHEMA, what: "foreign servers", ...notHere(reason) }];
}

/** An abort, or a setting with which no restore can be tried, is no fault of the backup. */
function rethrowUnlessFault(error: unknown, signal: AbortSignal): void {
  signal.throwIfAborted();
  if (error instanceof UserError) throw error;
}

interface Restored {
  finding: Finding;
  result?: RestoreResult;
  /** Whether all was brought back, so that the checks can say more than that the restore has failed. */
  isFilled: boolean;
}

/** Restores with the code that a recovery uses, including its checks. */
async function tryRestore(
  { targetUrl }: PreparedThrowaway,
  { source, trustedKeys, tiers, clock, reporter, signal }: TestRestoreOptions,
  withoutEventTriggers: boolean,
): Promise<Restored> {
  const { vault, opener, manifest } = source;
  let last = "";
  try {
    const result = await restore({
      vault,
      opener,
      trustedKeys,
      tiers,
      backupId: manifest.backupId,
      targetUrl,
      generation: GENERATION,
      isTest: true,
      withoutEventTriggers,
      clock,
      signal,
      reporter(message) {
        last = message;
        reporter(message);
      },
    });
    if (result.lost.length > 0)
      return {
        finding: { state: "not ok", detail: `a new project would not take all: ${result.lost.join(" ")}` },
        result,
        isFilled: true,
      };
    const what = `${result.rows} rows of ${result.tables} tables restored and checked by the code of a recovery`;
    return { finding: fine(`${what}, in ${(result.durationMs / 1000).toFixed(1)} s`), result, isFilled: true };
  } catch (error) {
    if (error instanceof UserError && error.cause instanceof EntryFault)
      return { finding: { state: "not ok", detail: refusalOf(error.cause) }, isFilled: false };
    rethrowUnlessFault(error, signal);
    // The last phase decides: when the restore compares, everything has been restored.
    return { finding: { state: "not ok", detail: messageOf(error) }, isFilled: last.startsWith("Comparing ") };
  }
}

/** A throwaway's role is no superuser, and no `postgres` of Supabase, which may make a foreign data wrapper. */
function refusalOf(fault: EntryFault): string {
  if (fault.code !== SQLSTATE.INSUFFICIENT_PRIVILEGE) return messageOf(fault);
  return `the throwaway's role may not make an entry of the backup's definitions: ${messageOf(fault)}. On Supabase a recovery may make foreign data wrappers and event triggers. Anything else would end it as well: drop the entry in the source and take a backup again`;
}

/**
 * The other checks, on a database that a backup was restored into.
 *
 * @internal exported for the tests of the checklist, which damage the database first
 */
export async function checkRestoredDatabase(
  prepared: PreparedThrowaway,
  manifest: Manifest,
  { reporter, signal }: Pick<TestRestoreOptions, "reporter" | "signal">,
): Promise<CheckLine[]> {
  // The comparisons read as the role that restores, as the backup read the source.
  const compared = await inSessionOf(prepared, signal, async (session) => {
    reporter("Comparing definitions, rows and references with the manifest");
    return [
      ...(await checkAll(SCHEMA, signal, () => checkDefinitions(session, manifest, signal))),
      ...(await checkAll(INTEGRITY, signal, () => checkIntegrity(session, manifest, signal))),
    ];
  });
  reporter("Using the restored database as the app does");
  // Never as the administrator: triggers and functions of the backup run in this session. RESET ROLE would make them a superuser, which can
  // run programs on the server's machine.
  const used = await withSession(
    prepared.targetUrl,
    { applicationName: "castchat-recovery verify using", signal },
    async (session) => [
      ...(await checkAll(CONNECTIVITY, signal, () => checkConnectivity(prepared, session, signal))),
      ...(await checkAll(AUTHENTICATION, signal, () => checkAuthentication(session, manifest, signal))),
      ...(await checkAll(FLOWS, signal, () => checkFlows(session, signal))),
    ],
  );
  return [...compared, ...used];
}

async function inSessionOf<T>(
  { targetUrl }: PreparedThrowaway,
  signal: AbortSignal,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  return await withSession(targetUrl, { applicationName: "castchat-recovery verify comparing", signal }, work);
}

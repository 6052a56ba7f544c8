import { messageOf, PromiseError, UserError } from "../../../services/common/errors.ts";
import type { Reporter } from "../../../services/common/reporter.ts";
import type { Timing } from "../../../services/common/timing.ts";
import type { Opener } from "../../../services/vault/age.ts";
import type { Vault } from "../../../services/vault/vault.ts";
import {
  type HeldBack,
  listAllPublications,
  parseHeldBack,
  type Publication,
  type ScheduledJob,
} from "../../postgres/catalog/heldBack.ts";
import { type Session, withSession } from "../../postgres/session/database.ts";
import { chooseBackup } from "../../vault/chooseBackup.ts";
import { fetchText } from "../../vault/fetchPart.ts";
import { listBackups, type TierPrefix } from "../../vault/listBackups.ts";
import type { Manifest } from "../../vault/manifest.ts";
import { FINISHED, listMarkers, type RestoreMarker } from "../run/restoreMarker.ts";
import { refuseSuperuser } from "../run/restoreReadiness.ts";
import { holdTarget } from "../run/restoreTarget.ts";
import { planJobs, scheduleJob } from "./releaseJobs.ts";
import { planPublication } from "./releasePublications.ts";

/** What to release, and where. */
export interface ReleaseOptions {
  vault: Vault;
  /** Opens an encrypted backup. */
  opener?: Opener | undefined;
  /** Public keys (PEM) of the writers. */
  trustedKeys: readonly string[];
  tiers: readonly TierPrefix[];
  /** The restored database's connection string. */
  databaseUrl: string;
  /** The backup that it must have been restored from; without it the one that its marker names. */
  backupId?: string | undefined;
  reporter: Reporter;
  signal?: AbortSignal | undefined;
  /** How long it waits, and for what. @default - the real one */
  timing?: Timing | undefined;
}

/** What became of one job or publication. */
export interface ReleasedItem {
  kind: "job" | "publication";
  name: string;
  /** "there already" was left alone; so was what "differs", and `differences` says in which way. */
  state: "released" | "there already" | "differs" | "failed";
  differences: string[];
}

/** What a release has found and done. */
export interface ReleaseResult {
  backupId: string;
  items: ReleasedItem[];
}

/**
 * Brings alive what a restore has held back: the scheduled jobs, by pg_cron's own functions, and the publications. Can be
 * called again: what is there is left alone. UserError where the database is not one that was restored from this vault, in
 * full; PromiseError, once everything else is done, that names what could not be brought back.
 */
export async function release(options: ReleaseOptions): Promise<ReleaseResult> {
  const { databaseUrl, signal, reporter, timing } = options;
  const named = { applicationName: "castchat-recovery release", signal, timing };
  return await withSession(databaseUrl, named, async (session) => {
    await refuseSuperuser(session);
    const restored = await restoredBy(session, options.backupId);
    await holdTarget(session, restored.restoreId, false, signal);
    const manifest = await manifestOf(options, restored.backupId);
    const heldBack = await heldBackOf(options, manifest);
    reporter(`Resuming ${heldBack.publications.length} publications and ${heldBack.jobs.length} scheduled jobs`);
    // Publications first: a job may write what they are to carry.
    const items = [
      ...(await releasePublications(session, heldBack.publications)),
      ...(await releaseJobs(session, heldBack)),
    ];
    const failed = items.filter((item) => item.state === "failed");
    if (failed.length > 0) {
      const reasons = failed.map(({ kind, name, differences }) => `${kind} ${name}: ${differences.join("; ")}`);
      throw new PromiseError(
        `${items.length - failed.length} of ${items.length} are back; ${failed.length} could not be brought back: ${reasons.join(". ")}. Correct the cause and run \`castchat-recovery resume-jobs\` again.`,
      );
    }
    return { backupId: manifest.backupId, items };
  });
}

/** The restore that has made this database. UserError where none has, it isn't finished, or it was of another backup. */
async function restoredBy(session: Session, backupId: string | undefined): Promise<RestoreMarker> {
  const markers = await listMarkers(session);
  // Rows that were brought into definitions which were there hold nothing back: what does came with the definitions.
  const marker = markers.find(({ result }) => result?.selection !== "rows") ?? markers[0];
  const place = `${session.address.host}:${session.address.port}`;
  if (marker === undefined)
    throw new UserError(`The database ${place} was not restored by castchat-recovery: it has no jobs to resume.`);
  if (marker.phase !== FINISHED) {
    throw new UserError(
      `The restore of ${marker.backupId} into ${place} is not finished (phase "${marker.phase}"): finish it, then run \`castchat-recovery resume-jobs\`.`,
    );
  }
  if (backupId !== undefined && backupId !== marker.backupId) {
    throw new UserError(
      `The database ${place} was restored from ${marker.backupId}, not from ${backupId}: leave --backup out, or name that one.`,
    );
  }
  return marker;
}

async function manifestOf(options: ReleaseOptions, backupId: string): Promise<Manifest> {
  const { vault, trustedKeys, tiers, signal } = options;
  return chooseBackup(await listBackups({ vault, trustedKeys, tiers, signal }), { backupId }).chosen.manifest;
}

async function heldBackOf(options: ReleaseOptions, manifest: Manifest): Promise<HeldBack> {
  // A backup of another kind than full has none.
  if (!manifest.parts.some(({ name }) => name === "held-back.json"))
    return { database: manifest.source.database, jobs: [], publications: [] };
  const signal = options.signal ?? new AbortController().signal;
  return parseHeldBack(await fetchText({ ...options, manifest }, "held-back.json", signal));
}

async function releasePublications(session: Session, wanted: readonly Publication[]): Promise<ReleasedItem[]> {
  const there = new Map((await listAllPublications(session)).map((one) => [one.name, one]));
  const items: ReleasedItem[] = [];
  for (const publication of wanted) {
    const { statements, differences } = planPublication(publication, there.get(publication.name));
    const item = { kind: "publication" as const, name: publication.name };
    items.push(
      statements.length === 0
        ? { ...item, state: differences.length === 0 ? "there already" : "differs", differences }
        : await attempted(item, differences, () => session.query(statements.join(";\n"))),
    );
  }
  return items;
}

async function releaseJobs(session: Session, heldBack: HeldBack): Promise<ReleasedItem[]> {
  const items: ReleasedItem[] = [];
  for (const { wanted, isThere, differences } of await planJobs(session, heldBack)) {
    const item = { kind: "job" as const, name: nameOf(wanted) };
    items.push(
      isThere
        ? { ...item, state: differences.length === 0 ? "there already" : "differs", differences }
        : await attempted(item, [], () => scheduleJob(session, wanted)),
    );
  }
  return items;
}

/** One that fails keeps none of the others from being released. */
async function attempted(
  item: Pick<ReleasedItem, "kind" | "name">,
  differences: string[],
  work: () => Promise<unknown>,
): Promise<ReleasedItem> {
  try {
    await work();
    return { ...item, state: "released", differences };
  } catch (error) {
    // Only what the server has refused: a connection that is lost ends the release.
    if (typeof (error as { severity?: unknown }).severity !== "string") throw error;
    return { ...item, state: "failed", differences: [messageOf(error)] };
  }
}

function nameOf({ name, schedule }: ScheduledJob): string {
  return name ?? `without a name (${schedule})`;
}

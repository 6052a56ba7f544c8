import { amount } from "../../../services/common/amount.ts";
import { messageOf, PromiseError, UserError } from "../../../services/common/errors.ts";
import { type HeldBack, listAllPublications, type Publication } from "../../postgres/catalog/heldBack.ts";
import { forgetHeldBack } from "../../postgres/catalog/stillHeldBack.ts";
import { type Session, withSession } from "../../postgres/session/database.ts";
import { placeOf } from "../../postgres/session/databaseUrl.ts";
import { chooseBackup } from "../../vault/chooseBackup.ts";
import { listBackups } from "../../vault/listBackups.ts";
import { FINISHED, listMarkers, type RestoreMarker } from "../run/restoreMarker.ts";
import type { RestoreFrom } from "../run/restoreOptions.ts";
import { refuseSuperuser } from "../run/restoreReadiness.ts";
import { holdTarget } from "../run/restoreTarget.ts";
import { fetchHeldBack } from "../steps/fetchParts.ts";
import { planJobs, scheduleJob } from "./releaseJobs.ts";
import { planPublication } from "./releasePublications.ts";

/** Where the backup lies, and which database was restored from it. */
export interface ReleaseOptions extends Omit<RestoreFrom, "at" | "allowsSuperuser" | "clock" | "warn"> {
  /** The restored database's connection string. */
  databaseUrl: string;
  /** The backup that the database must have been restored from. @default - the one that its marker names */
  backupId?: string | undefined;
}

/** What became of one job or publication. */
export interface ReleasedItem {
  kind: "job" | "publication";
  name: string;
  /** What is "there already" or "differs" stays as it is. `differences` says how it differs, or why it failed. */
  state: "released" | "there already" | "differs" | "failed";
  differences: string[];
}

/** What a release found and did. */
export interface ReleaseResult {
  backupId: string;
  items: ReleasedItem[];
}

/**
 * Creates what a restore has held back: the scheduled jobs, by pg_cron's own functions, and the publications. It can be called again: what
 * exists stays as it is. UserError if no finished restore from this vault has made the database. PromiseError, after everything else is
 * done, that names what could not be created.
 */
export async function release(options: ReleaseOptions): Promise<ReleaseResult> {
  const { databaseUrl, vault, trustedKeys, tiers, reporter, timing } = options;
  const signal = options.signal ?? new AbortController().signal;
  const named = { applicationName: "castchat-recovery release", signal, timing };
  return await withSession(databaseUrl, named, async (session) => {
    await refuseSuperuser(session);
    const restored = await restoredBy(session, options.backupId);
    await holdTarget(session, restored.restoreId, false, signal);
    const backups = await listBackups({ vault, trustedKeys, tiers, signal });
    const { manifest } = chooseBackup(backups, { backupId: restored.backupId }).chosen;
    const heldBack = await fetchHeldBack({ ...options, manifest }, signal);
    reporter(
      `Resuming ${amount(heldBack.publications.length, "publication")} and ${amount(heldBack.jobs.length, "scheduled job")}`,
    );
    // Publications first: a job may write rows that they have to publish.
    const items = [
      ...(await releasePublications(session, heldBack.publications)),
      ...(await releaseJobs(session, heldBack)),
    ];
    const failed = items.filter((item) => item.state === "failed");
    if (failed.length > 0) {
      const reasons = failed.map(({ kind, name, differences }) => `${kind} ${name}: ${differences.join("; ")}`);
      throw new PromiseError(
        `${items.length - failed.length} of ${items.length} jobs and publications are back. ${failed.length} could not be brought back: ${reasons.join(". ")}. Correct the cause and run \`castchat-recovery resume-jobs\` again.`,
      );
    }
    await forgetHeldBack(session);
    return { backupId: manifest.backupId, items };
  });
}

/** The restore that has made this database. UserError if there is none, it is not finished, or it was of another backup. */
async function restoredBy(session: Session, backupId: string | undefined): Promise<RestoreMarker> {
  const markers = await listMarkers(session);
  // A restore of only rows holds nothing back. The restore of the definitions did.
  const marker = markers.find(({ result }) => result?.selection !== "rows") ?? markers[0];
  const place = placeOf(session.address);
  if (marker === undefined)
    throw new UserError(`The database ${place} was not restored by castchat-recovery, so it has no jobs to resume.`);
  if (marker.phase !== FINISHED) {
    throw new UserError(
      `The restore of ${marker.backupId} into ${place} is not finished (phase "${marker.phase}"). Finish it, then run \`castchat-recovery resume-jobs\`.`,
    );
  }
  if (backupId !== undefined && backupId !== marker.backupId) {
    throw new UserError(
      `The database ${place} was restored from ${marker.backupId}, not from ${backupId}. Leave --backup out, or name ${marker.backupId}.`,
    );
  }
  return marker;
}

async function releasePublications(session: Session, wanted: readonly Publication[]): Promise<ReleasedItem[]> {
  const there = new Map((await listAllPublications(session)).map((one) => [one.name, one]));
  const items: ReleasedItem[] = [];
  for (const publication of wanted) {
    const { statements, differences } = planPublication(publication, there.get(publication.name));
    const work = () => session.query(statements.join(";\n"));
    const item = { kind: "publication", name: publication.name, differences } as const;
    items.push(await released(item, statements.length === 0 ? undefined : work));
  }
  return items;
}

async function releaseJobs(session: Session, heldBack: HeldBack): Promise<ReleasedItem[]> {
  const items: ReleasedItem[] = [];
  for (const { wanted, isThere, differences } of await planJobs(session, heldBack)) {
    const item = { kind: "job", name: wanted.name ?? `without a name (${wanted.schedule})`, differences } as const;
    items.push(await released(item, isThere ? undefined : () => scheduleJob(session, wanted)));
  }
  return items;
}

/** Releases one item, if there is work to do. A failure does not stop the release of the others. */
async function released(
  item: Omit<ReleasedItem, "state">,
  work: (() => Promise<unknown>) | undefined,
): Promise<ReleasedItem> {
  if (work === undefined) return { ...item, state: item.differences.length === 0 ? "there already" : "differs" };
  try {
    await work();
    return { ...item, state: "released" };
  } catch (error) {
    // Only a refusal by the server is a failed item. A lost connection ends the release.
    if (typeof (error as { severity?: unknown }).severity !== "string") throw error;
    return { ...item, state: "failed", differences: [messageOf(error)] };
  }
}

import { UserError } from "../../../services/common/errors.ts";
import { hasRelation, listJobs, type ScheduledJob } from "../../postgres/catalog/heldBack.ts";
import type { Session } from "../../postgres/session/database.ts";
import { inTransaction } from "../../postgres/session/transaction.ts";

/** A job of the backup, compared with the database's. */
export interface PlannedJob {
  wanted: ScheduledJob;
  isThere: boolean;
  /** Clauses. None if the database lacks the job or has the same one. */
  differences: string[];
}

/**
 * Compares the backup's jobs with the database's. A job with a name is found by its name and role, a job without one by all of its fields.
 * UserError if the database has no pg_cron.
 */
export async function planJobs(
  session: Session,
  source: { database: string; jobs: readonly ScheduledJob[] },
): Promise<PlannedJob[]> {
  if (source.jobs.length === 0) return [];
  if (!(await hasRelation(session, "cron", "job")))
    throw new UserError(
      "The database has no pg_cron, so its jobs cannot be scheduled. Create the extension, then run `castchat-recovery resume-jobs` again.",
    );
  const there = await listJobs(session);
  return source.jobs.map((job) => {
    // The backup's own database may have another name here.
    const database = job.database === source.database ? session.address.database : job.database;
    return planJob({ ...job, database }, there);
  });
}

/** Removes the job that it finds from the list, since two jobs without names may be equal. */
function planJob(wanted: ScheduledJob, there: ScheduledJob[]): PlannedJob {
  const at = there.findIndex((job) =>
    wanted.name === null
      ? job.name === null && differencesOf(wanted, job).length === 0
      : job.name === wanted.name && job.username === wanted.username,
  );
  const [found] = at === -1 ? [] : there.splice(at, 1);
  return { wanted, isThere: found !== undefined, differences: found === undefined ? [] : differencesOf(wanted, found) };
}

/** In clauses. A command's text may hold a secret and is not shown. */
function differencesOf(wanted: ScheduledJob, found: ScheduledJob): string[] {
  return [
    ...(found.schedule === wanted.schedule ? [] : [`its schedule is ${found.schedule}`]),
    ...(found.command === wanted.command ? [] : ["it runs another command"]),
    ...(found.database === wanted.database ? [] : [`it runs in ${found.database}`]),
    ...(found.username === wanted.username ? [] : [`it runs as ${found.username}`]),
    ...(found.active === wanted.active ? [] : [`it is ${found.active ? "active" : "switched off"}`]),
  ];
}

/** Schedules a job by pg_cron's own functions, since no role may write to its table. One transaction, so that an inactive job never runs. */
export async function scheduleJob(session: Session, job: ScheduledJob): Promise<void> {
  await inTransaction(session, async () => {
    const [made] = await schedule(session, job);
    if (made === undefined) throw new Error("cron.schedule returned no job");
    if (!job.active) await session.query("select cron.alter_job(job_id => $1::bigint, active => false)", [made.id]);
  });
}

async function schedule(session: Session, job: ScheduledJob): Promise<{ id: string }[]> {
  const [me] = await session.query<{ name: string }>("select current_user::text as name");
  const isOwn = job.database === session.address.database && job.username === me?.name;
  if (isOwn && job.name !== null)
    return session.query("select cron.schedule($1, $2, $3)::text as id", [job.name, job.schedule, job.command]);
  if (isOwn) return session.query("select cron.schedule($1, $2)::text as id", [job.schedule, job.command]);
  const values = [job.name, job.schedule, job.command, job.database, job.username];
  return session.query("select cron.schedule_in_database($1, $2, $3, $4, $5)::text as id", values);
}

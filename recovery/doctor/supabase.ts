import { PRIMARY_DATABASE_NAME, recoveredDatabaseName } from "../../planning/names.ts";
import { adviceOnSize, runnerNeedOf } from "../../planning/runnerMachine.ts";
import { UserError } from "../../services/common/errors.ts";
import { faultOfAddress } from "../site/existingDatabase.ts";
import { type Check, failed, ok, type Outcome, skipped, unknown, warning } from "./check.ts";
import type { Subject } from "./subject.ts";

const EXISTS = "docs/accounts.md#what-exists-and-what-is-created";
const REGIONS = "docs/accounts.md#regions";
const TOKEN = "SUPABASE_ACCESS_TOKEN";
const GB = 1e9;

/** The live database, and the project that a recovery would make. */
export const SUPABASE_CHECKS: readonly Check<Subject>[] = [
  { id: "supabase.region", about: "region of a recovery", docs: REGIONS, run: region },
  { id: "supabase.project", about: "live project", docs: EXISTS, run: project },
  { id: "supabase.database", about: "its database", docs: EXISTS, run: database },
  { id: "supabase.plan", about: "plan", docs: EXISTS, run: plan },
  {
    id: "supabase.disk",
    about: "disk and compute",
    docs: "docs/performance.md#the-largest-database-within-30-minutes",
    run: disk,
  },
  {
    id: "supabase.restore-time",
    about: "time of a restore",
    docs: "docs/performance.md#the-largest-database-within-30-minutes",
    run: restoreTime,
  },
  {
    id: "supabase.sessions",
    about: "size of the pool",
    docs: "docs/accounts.md#what-the-app-has-to-answer",
    run: sessions,
  },
  { id: "supabase.name", about: "name of the recovered project", docs: EXISTS, run: name },
  { id: "supabase.fence", about: "stop of the primary", docs: EXISTS, run: fence },
].map((check) => ({ ...check, category: "Supabase", token: TOKEN }));

/** The project whose database is backed up or, for a standby without one, the primary's. */
function refOf({ outputs, settings }: Subject): string | undefined {
  return outputs?.supabaseRef ?? settings.supabaseRef ?? settings.peerSupabaseRef;
}

const NO_REF = "The settings name no live project (supabaseRef, peerSupabaseRef).";

async function region({ ports, settings, signal }: Subject): Promise<Outcome> {
  const { supabaseOrganization: organization, supabaseRegion: code, stack } = settings;
  if (organization === undefined || code === undefined) return skipped("This stack creates no database.");
  const regions = await ports.databaseHost().regions(organization, signal);
  const found = regions.find((one) => one.code === code);
  if (found?.isOpen === true) return ok(`Supabase makes projects of ${organization} in ${code}.`);
  const open = regions.filter(({ isOpen }) => isOpen).map((one) => one.code);
  return failed(
    `Supabase makes no project of ${organization} in ${code} ${found === undefined ? "at all" : "now"}, so a recovery ends there.`,
    `pulumi config set -s ${stack} supabaseRegion REGION, with one of ${open.join(", ")}`,
  );
}

async function project(subject: Subject): Promise<Outcome> {
  const { ports, settings, signal } = subject;
  const ref = refOf(subject);
  if (ref === undefined) return skipped(NO_REF);
  const found = await ports.databaseHost().project(ref, signal);
  if (found === undefined)
    return failed(
      `The token sees no project ${ref}.`,
      `give ${TOKEN} access to that organization, or correct supabaseRef in Pulumi.${settings.stack}.yaml`,
    );
  const backedUp = subject.outputs?.supabaseRef ?? ref;
  if (settings.supabaseRef !== undefined && settings.supabaseRef !== backedUp)
    return failed(
      `The scheduled backups read project ${backedUp}, and the settings name ${settings.supabaseRef}.`,
      `pulumi up -s ${settings.stack}`,
    );
  const says = `Project ${found.name} (${ref}) is ${found.state}`;
  if (found.state === "healthy") return ok(`${says}.`);
  if (settings.role === "standby") return warning(`${says}. If that is the emergency, recover.`);
  return failed(
    `${says} (${found.status}), so no backup can be taken.`,
    `look at the project in Supabase's dashboard, and at ${ports.databaseHost().statusPage}`,
  );
}

async function database(subject: Subject): Promise<Outcome> {
  const { databaseUrl: connectionString, settings } = subject;
  const ref = refOf(subject);
  const key = settings.role === "primary" ? "databaseUrl" : "peerDatabaseUrl";
  if (connectionString === undefined || ref === undefined)
    return skipped(`The settings have no address of a live database (${key}).`);
  const set = `pulumi config set --secret ${key} -s ${settings.stack}`;
  const wrong = faultOfAddress({ ref, connectionString });
  if (wrong !== undefined) return failed(`${key} ${wrong}`, set);
  try {
    const found = await subject.database();
    const says = `PostgreSQL ${found?.serverVersion ?? ""} answers at ${key}, with ${gb(found?.bytes ?? 0)}`;
    if (found?.isReadOnly !== true) return ok(`${says}.`);
    return warning(
      `${says}, and new sessions are read-only: writes are stopped, or its disk is full.`,
      `castchat-recovery writes status -s ${settings.stack}`,
    );
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return (settings.role === "primary" ? failed : warning)(`The database does not answer: ${error.message}`, set);
  }
}

async function plan(subject: Subject): Promise<Outcome> {
  const { ports, settings, signal } = subject;
  const organization = settings.supabaseOrganization ?? (await organizationOf(subject));
  if (organization === undefined) return skipped(NO_REF);
  const { name: words, isFree } = await ports.databaseHost().plan(organization, signal);
  if (!isFree) return ok(`Organization ${organization} has the plan ${words}.`);
  return warning(
    `Organization ${organization} has the plan ${words}: 500 MB a project, two projects at once, paused without use, no backups of Supabase's own.`,
    `in Supabase's dashboard, organization ${organization}, Billing: choose a paid plan`,
  );
}

async function organizationOf(subject: Subject): Promise<string | undefined> {
  const ref = refOf(subject);
  return ref === undefined
    ? undefined
    : (await subject.ports.databaseHost().project(ref, subject.signal))?.organization;
}

/** Part of a disk above which Supabase makes it larger, which it does four times a day at most. */
const NEARLY_FULL = 0.9;

async function disk(subject: Subject): Promise<Outcome> {
  const { ports, signal } = subject;
  const ref = refOf(subject);
  if (ref === undefined) return skipped(NO_REF);
  const host = ports.databaseHost();
  const [{ sizeBytes, usedBytes }, compute = "the smallest"] = await Promise.all([
    host.disk(ref, signal),
    host.compute(ref, signal),
  ]);
  const says = `The live database has used ${gb(usedBytes)} of its disk of ${gb(sizeBytes)}, with ${compute} compute`;
  if (usedBytes > sizeBytes * NEARLY_FULL)
    return failed(
      `${says}: a full disk makes it read-only.`,
      "in Supabase's dashboard, Settings, Compute and Disk: make the disk larger",
    );
  return ok(`${says}. A recovery needs a disk of this size as well.`);
}

/** Beyond the size that a restore from the vault brings back in time, point-in-time recovery is the first line. */
async function restoreTime(subject: Subject): Promise<Outcome> {
  const ref = refOf(subject);
  const facts = await subject.database();
  if (ref === undefined || facts === undefined) return skipped("The settings have no address of a live database.");
  const need = runnerNeedOf(facts.bytes);
  if (need.isRestoredInTime) return ok(`A restore of ${gb(facts.bytes)} from the vault meets the objective.`);
  const { window } = await subject.ports.databaseHost().platformBackups(ref, subject.signal);
  const [advice = ""] = adviceOnSize(need);
  return window === undefined
    ? failed(advice, "in Supabase's dashboard, Settings, Add-ons: point-in-time recovery")
    : warning(
        `${advice} The project has it.`,
        `castchat-recovery restore-platform -s ${subject.settings.stack} --help`,
      );
}

/** Sessions that a backup holds at the same time. */
const OF_A_BACKUP = 4;

async function sessions(subject: Subject): Promise<Outcome> {
  const ref = refOf(subject);
  if (ref === undefined) return skipped(NO_REF);
  const size = await subject.ports.databaseHost().sessions(ref, subject.signal);
  if (size === undefined) return unknown("Supabase does not say how many sessions the pooler keeps.");
  if (size > 2 * OF_A_BACKUP)
    return ok(`The session pooler keeps ${size} sessions; a backup uses ${OF_A_BACKUP} of them.`);
  return warning(
    `The session pooler keeps ${size} sessions, and a backup uses ${OF_A_BACKUP} of them: the app may be refused meanwhile.`,
    "in Supabase's dashboard, Settings, Database: make the pool larger, or let the app use the transaction pooler",
  );
}

/** A recovery looks for its own project by name: one that it did not make would be in its way. */
async function name({ ports, settings, outputs, signal }: Subject): Promise<Outcome> {
  const { role, supabaseOrganization: organization, generation, stack } = settings;
  if (role === "primary") return skipped("A primary makes no project for a recovery.");
  const next = Math.max(2, settings.mode === "active" ? generation : generation + 1);
  const wanted = recoveredDatabaseName("active", next);
  const all = await ports.databaseHost().projects(signal);
  const found = all.find((one) => one.name === wanted && one.organization === organization);
  if (found === undefined) return ok(`The name ${wanted} of the next recovery's project is free.`);
  if (found.ref === outputs?.supabaseRef) return ok(`Project ${wanted} is this stack's own.`);
  return warning(
    `There is a project ${wanted} (${found.ref}) that this stack's state does not have. If it is left from a killed update, the recovery takes it up; otherwise it is in its way.`,
    `castchat-recovery generation list -s ${stack}`,
  );
}

async function fence(subject: Subject): Promise<Outcome> {
  const { ports, settings, signal } = subject;
  const { role, stack, peerDatabaseUrl, peerSupabaseRef } = settings;
  if (role === "primary") return skipped("A primary stops no other stack.");
  if (peerDatabaseUrl !== undefined && peerSupabaseRef !== undefined)
    return ok("The settings have the live database's address, so a recovery stops writes to it over SQL.");
  const { isFree } = await ports.databaseHost().plan(settings.supabaseOrganization, signal);
  const says = `The settings do not name the live database, so a recovery can only pause a project ${PRIMARY_DATABASE_NAME}`;
  const fix = `pulumi config set -s ${stack} peerSupabaseRef REF; pulumi config set --secret peerDatabaseUrl -s ${stack}`;
  return isFree
    ? warning(`${says}.`, fix)
    : failed(
        `${says}, which Supabase does not do on a paid plan: clients may continue to write to the lost database.`,
        fix,
      );
}

function gb(bytes: number): string {
  return `${(bytes / GB).toLocaleString("en", { maximumFractionDigits: bytes < GB ? 2 : 1 })} GB`;
}

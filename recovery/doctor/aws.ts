import { ageText } from "../../planning/age.ts";
import { defaultDeployerArns } from "../../planning/names.ts";
import { CRITICAL_BACKUP_AGE_MS, REPLICATION_LAG_MS } from "../../planning/objectives.ts";
import { adviceOnSize, isEnough, RUNNER_MACHINES, runnerNeedOf, sizeOfCompute } from "../../planning/runnerMachine.ts";
import { stateBucketOf } from "../../settings/stateBackendUrl.ts";
import { takenAt } from "../vault/listBackups.ts";
import { keyOf, MANIFEST } from "../vault/manifest.ts";
import { type Check, failed, ok, type Outcome, skipped, unknown, warning } from "./check.ts";
import { isDeployer, principalOf } from "./principal.ts";
import type { Subject } from "./subject.ts";

const VAULT = "docs/accounts.md#who-may-touch-the-vault";
const SCHEDULE = "docs/accounts.md#the-scheduled-backups";
const PERFORMANCE = "docs/performance.md#the-largest-database-within-30-minutes";
const OBJECTIVES = "docs/objectives.md#retention-of-backups";

/** The vault, the scheduled backups and Pulumi's state. */
export const AWS_CHECKS: readonly Check<Subject>[] = [
  { id: "aws.caller", category: "AWS", about: "credentials", docs: VAULT, run: caller },
  { id: "aws.newest-backup", category: "AWS", about: "newest backup", docs: OBJECTIVES, run: newestBackup },
  { id: "aws.replica", category: "AWS", about: "its replica", docs: OBJECTIVES, run: replica },
  { id: "aws.last-run", category: "AWS", about: "last good run", docs: SCHEDULE, run: lastRun },
  { id: "aws.missed-runs", category: "AWS", about: "missed runs", docs: SCHEDULE, run: missedRuns },
  { id: "aws.quota", category: "AWS", about: "CodeBuild's quota", docs: SCHEDULE, run: quota },
  { id: "aws.machine", category: "AWS", about: "machine of the runs", docs: PERFORMANCE, run: machine },
  { id: "aws.image", category: "AWS", about: "image of the runs", docs: SCHEDULE, run: image },
  {
    id: "aws.state",
    category: "AWS",
    about: "Pulumi's state",
    docs: "docs/accounts.md#pulumis-state",
    run: stateBucket,
  },
];

const NOT_UP = "The stack is not up yet, so it has no vault.";
const NO_SCHEDULE = "This stack takes no scheduled backups: only a primary and an active standby do.";

async function caller({ ports, settings, site, signal }: Subject): Promise<Outcome> {
  const principal = principalOf(await ports.aws().caller(signal));
  const { awsAccountId, stack, deployerArns = defaultDeployerArns(site) } = settings;
  if (principal.accountId !== awsAccountId)
    return failed(
      `The credentials are of account ${principal.accountId} (${principal.arn}), but the stack is in ${awsAccountId}.`,
      "export AWS_PROFILE=PROFILE",
    );
  if (isDeployer(principal, deployerArns)) return ok(`${principal.arn} may change what protects the vault.`);
  return failed(
    `${principal.arn} is not among those who may change what protects the vault, so an \`up\` with these credentials is refused: ${deployerArns.join(", ")}.`,
    `pulumi config set -s ${stack} --path 'deployerArns[${settings.deployerArns?.length ?? 0}]' ${principal.arn}`,
  );
}

async function newestBackup({ settings, backups, newest, clock }: Subject): Promise<Outcome> {
  const { stack, role, intervalHours } = settings;
  if ((await backups()) === undefined) return skipped(NOT_UP);
  const found = await newest();
  const writer = role === "primary" ? stack : "prod";
  if (found === undefined)
    return failed(
      "The vault has no proven full backup, so nothing can be recovered.",
      `castchat-recovery schedule run -s ${writer}`,
    );
  const ageMs = clock().getTime() - takenAt(found);
  const says = `The newest proven backup, ${found.backupId}, is ${ageText(ageMs)} old`;
  if (ageMs > CRITICAL_BACKUP_AGE_MS)
    return failed(`${says}: a recovery now would lose more than a day.`, `castchat-recovery schedule -s ${writer}`);
  if (ageMs > (intervalHours + 1) * HOUR_MS)
    return warning(`${says}, and one is due every ${intervalHours} hours.`, `castchat-recovery schedule -s ${writer}`);
  return ok(`${says}.`);
}

const HOUR_MS = 3_600_000;

async function replica({ settings, outputs, ports, newest, clock, signal }: Subject): Promise<Outcome> {
  const { role, standbyVault, stack } = settings;
  if (outputs?.vaultBucket === undefined) return skipped(NOT_UP);
  if (standbyVault === "none") return skipped('The settings say standbyVault "none": there is no second vault.');
  const found = await newest();
  if (found === undefined) return skipped("There is no backup yet.");
  const manifest = keyOf(found.prefix, found.backupId, MANIFEST);
  const state = await ports.aws().replication(outputs.vaultBucket, manifest, signal);
  switch (state) {
    case "REPLICA":
      return ok("The newest backup came into this vault by replication.");
    case "COMPLETED":
      return ok("The newest backup is in the standby's vault, too.");
    case "FAILED":
      return failed(
        "S3 could not replicate the newest backup, so the standby recovers from an older one.",
        `castchat-recovery plan -s ${stack} --deployed`,
      );
    case "PENDING": {
      const waitedMs = clock().getTime() - Date.parse(found.manifest.finishedAt);
      if (waitedMs <= REPLICATION_LAG_MS) return ok("The newest backup is on its way into the standby's vault.");
      return warning(
        `The newest backup has waited for its replication for ${ageText(waitedMs)}; S3 promises ${ageText(REPLICATION_LAG_MS)}.`,
        `castchat-recovery list -s ${stack}`,
      );
    }
    case undefined:
      return role === "standby"
        ? ok("This vault's newest backup is its own.")
        : failed(
            "No rule replicates the newest backup, so a loss of this region takes all backups with it.",
            `pulumi up -s ${stack}`,
          );
  }
}

/** Runs to look through for one that succeeded: two days of one an hour. */
const RUNS = 48;

async function lastRun({ outputs, ports, settings, clock, signal }: Subject): Promise<Outcome> {
  if (outputs?.schedule === undefined) return skipped(NO_SCHEDULE);
  const { name: schedule, project, missedRunsUrl } = outputs.schedule;
  const runs = await ports.scheduledRuns({ schedule, project, missedRunsUrl }).newest(RUNS, signal);
  const fix = `castchat-recovery schedule -s ${settings.stack}`;
  const good = runs.find(({ status }) => status === "SUCCEEDED");
  const last = runs.find(({ status }) => status !== "IN_PROGRESS");
  const why = last?.reason === undefined ? "" : ` The last one ended as ${last.status}: ${last.reason}`;
  if (runs.length === 0)
    return warning("No scheduled run has started yet.", `castchat-recovery schedule run -s ${settings.stack}`);
  if (good === undefined) return failed(`None of the last ${runs.length} scheduled runs succeeded.${why}`, fix);
  const ageMs = clock().getTime() - (good.endedAt ?? good.startedAt).getTime();
  const says = `The last good run ended ${ageText(ageMs)} ago`;
  if (ageMs > CRITICAL_BACKUP_AGE_MS) return failed(`${says}.${why}`, fix);
  return last === good ? ok(`${says}.`) : warning(`${says}, and a later one did not succeed.${why}`, fix);
}

async function missedRuns({ outputs, ports, settings, signal }: Subject): Promise<Outcome> {
  if (outputs?.schedule === undefined) return skipped(NO_SCHEDULE);
  const { name: schedule, project, missedRunsUrl } = outputs.schedule;
  const count = await ports.scheduledRuns({ schedule, project, missedRunsUrl }).missed(signal);
  if (count === 0) return ok("Every scheduled start of the last 14 days reached CodeBuild.");
  return failed(
    `${count} scheduled ${count === 1 ? "start has" : "starts have"} failed for good in the last 14 days.`,
    `castchat-recovery schedule -s ${settings.stack}`,
  );
}

async function quota({ outputs, ports, settings, signal }: Subject): Promise<Outcome> {
  if (outputs?.schedule === undefined) return skipped(NO_SCHEDULE);
  if (settings.endpoints.aws !== undefined)
    return skipped("The setting endpointAws leads to another service than AWS, which has no quotas.");
  const aws = ports.aws();
  const machine = await aws.buildMachine(outputs.schedule.project, signal);
  const built = sizeOfCompute(machine?.computeType);
  const size = built && RUNNER_MACHINES[built].quota;
  if (size === undefined)
    return unknown(`CodeBuild has no project ${outputs.schedule.project} on a machine of a known size.`);
  const name = `Concurrently running builds for Linux/${size} environment`;
  const most = await aws.concurrentBuilds(size, signal);
  if (most === undefined) return unknown(`AWS lists no quota "${name}" for ${settings.awsRegion}.`);
  if (most >= 1) return ok(`CodeBuild runs ${most} builds of this machine at once.`);
  return failed(
    `CodeBuild's quota "${name}" is ${most} in ${settings.awsRegion}, so no scheduled backup can start.`,
    `in AWS's console, Service Quotas, AWS CodeBuild: request 1 or more for "${name}"`,
  );
}

/** Compares the machine with the size of the live database's files, which its rows do not exceed. */
async function machine({ outputs, ports, settings, database, signal }: Subject): Promise<Outcome> {
  if (outputs?.schedule === undefined) return skipped(NO_SCHEDULE);
  const facts = await database();
  if (facts === undefined) return skipped("The settings have no address of a live database.");
  const built = sizeOfCompute((await ports.aws().buildMachine(outputs.schedule.project, signal))?.computeType);
  const { stack, runnerCompute } = settings;
  if (built === undefined) return unknown("CodeBuild runs the backups on a machine that the settings do not offer.");
  const need = runnerNeedOf(facts.bytes);
  const gb = (facts.bytes / 1e9).toLocaleString("en", { maximumFractionDigits: 1 });
  if (!need.isBackedUp) return failed(adviceOnSize(need).join(" "), `castchat-recovery plan -s ${stack} --size-gb GB`);
  if (isEnough(built, need.size)) return ok(`The machine ${built} is enough for a database of ${gb} GB.`);
  return failed(
    `The machine ${built} has too little memory for a database of ${gb} GB.`,
    isEnough(runnerCompute, need.size)
      ? `pulumi up -s ${stack}`
      : `pulumi config set runnerCompute ${need.size} -s ${stack}, then pulumi up -s ${stack}`,
  );
}

function image({ outputs, settings }: Subject): Promise<Outcome> {
  const { role, runnerImage, stack } = settings;
  if (role === "standby" && outputs?.schedule === undefined) return Promise.resolve(skipped(NO_SCHEDULE));
  return Promise.resolve(
    runnerImage.includes("@sha256:")
      ? ok("The image of the runs is named by its digest.")
      : warning(
          `The image of the runs, ${runnerImage}, is named by a tag: another may come under the same name, or none while that registry is down.`,
          `pulumi config set -s ${stack} runnerImage REGISTRY/NAME@sha256:DIGEST`,
        ),
  );
}

async function stateBucket({ environment, ports, signal }: Subject): Promise<Outcome> {
  const backend = environment["PULUMI_BACKEND_URL"] ?? "";
  const bucket = stateBucketOf(backend);
  if (bucket === undefined) {
    if (!backend.startsWith("file:"))
      return unknown("PULUMI_BACKEND_URL names no bucket, so where the state is kept is not known.");
    return warning(
      "Pulumi's state is on this machine only, and with it every secret of the stack.",
      "export PULUMI_BACKEND_URL=s3://BUCKET",
    );
  }
  const versioned = await ports.awsOfState(bucket).isVersioned(bucket.bucket, signal);
  if (versioned === undefined)
    return failed(`There is no bucket ${bucket.bucket}.`, "export PULUMI_BACKEND_URL=s3://BUCKET");
  if (versioned) return ok(`The bucket of Pulumi's state, ${bucket.bucket}, keeps versions.`);
  return failed(
    `The bucket of Pulumi's state, ${bucket.bucket}, keeps no versions: a state that is overwritten or deleted is lost.`,
    `aws s3api put-bucket-versioning --bucket ${bucket.bucket} --versioning-configuration Status=Enabled`,
  );
}

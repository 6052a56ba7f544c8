import { recoveredDatabaseName } from "../../planning/names.ts";
import { UserError } from "../../services/common/errors.ts";
import type { Reporter } from "../../services/common/reporter.ts";
import type { DatabaseHost } from "../../services/databaseHost/databaseHost.ts";
import type { Confirm } from "../postgres/session/confirmation.ts";
import type { Pulumi } from "../pulumi/pulumi.ts";
import { chooseBackup } from "../vault/chooseBackup.ts";
import { type BackupSummary, takenAt } from "../vault/listBackups.ts";
import { generationsIn, type HeldGeneration, withoutGeneration } from "./generationState.ts";
import type { Lease } from "./trafficLease.ts";

/** Which generation is given up, and what is asked before. */
export interface ReleaseGenerationOptions {
  /** The one to give up. */
  generation: number;
  /** Name of the stack, and the generation of its settings. */
  stack: string;
  present: number;
  /** Slug of the organization at the database host. */
  organization: string;
  /** Also delete its project at the database host, for good. */
  deletesProject: boolean;
  /** Give it up although no backup is newer than the present database. Never with `deletesProject`. */
  withoutNewerBackup: boolean;
  pulumi: Pick<Pulumi, "exportState" | "rewriteState">;
  databaseHost: DatabaseHost;
  /** Who holds the public name. */
  lease: Lease | undefined;
  /** Of the stack's own vault. */
  backups: readonly BackupSummary[];
  confirm: Confirm;
  reporter: Reporter;
  signal?: AbortSignal | undefined;
}

/** What was given up. */
export interface ReleasedGeneration {
  generation: number;
  projectName: string;
  /** Empty where there is no project. */
  ref: string;
  /** "not declared" where the stack holds no such generation: an earlier call has released it, or it never was. */
  state: "released" | "not declared";
  projectDeleted: boolean;
}

/**
 * Gives an earlier generation up: the stack forgets its project and restore, in one change of the state, so that no `up` declares or
 * protects them any more. The project itself stays at its host unless it is to be deleted too. Can be run again after an interruption.
 *
 * @throws UserError for the present generation and the one that the public name leads to; where no proven backup is newer than the present
 * database, and what is given up may be all that is left; where something still depends on it
 */
export async function releaseGeneration(options: ReleaseGenerationOptions): Promise<ReleasedGeneration> {
  const { generation, stack, present, lease, pulumi, databaseHost, reporter, signal } = options;
  if (generation === present) {
    throw new UserError(
      `Generation ${generation} is the present one of stack ${stack}: only an earlier one can be released. After a recovery with a higher generation this one is earlier.`,
    );
  }
  if (lease?.stack === stack && lease.generation === generation) {
    throw new UserError(
      `Generation ${generation} of stack ${stack} still holds the public name: let \`pulumi up -s ${stack}\` end, which moves the traffic to generation ${present}, and release it then.`,
    );
  }
  const all = generationsIn(await pulumi.exportState());
  const held = all.find((one) => one.generation === generation);
  const projectName = recoveredDatabaseName("active", generation);
  const project = (await databaseHost.projects(signal)).find(
    (one) => one.name === projectName && one.organization === options.organization,
  );
  const { deletesProject } = options;
  const facts = { generation, projectName, ref: project?.ref ?? held?.ref ?? "" };
  if (held === undefined && (project === undefined || !deletesProject))
    return { ...facts, state: "not declared", projectDeleted: false };
  refuseWithoutBackup(options, all);
  const made = project === undefined ? "" : `, in ${project.region}, made ${project.createdAt}, ${project.status}`;
  const name = `${databaseHost.name} project ${projectName}${facts.ref === "" ? "" : ` (${facts.ref}${made})`}`;
  await options.confirm({ names: [projectName], lines: linesOf(options, name, project !== undefined) });
  if (held !== undefined) {
    reporter(`Taking generation ${generation} out of the state of stack ${stack}`);
    await pulumi.rewriteState((state) => withoutGeneration(state, generation));
  }
  if (deletesProject && project !== undefined) {
    reporter(`Deleting ${name}`);
    await databaseHost.deleteProject(project.ref, signal);
  }
  const state = held === undefined ? "not declared" : "released";
  return { ...facts, state, projectDeleted: deletesProject && project !== undefined };
}

function linesOf(
  { generation, deletesProject, databaseHost: { name: host } }: ReleaseGenerationOptions,
  name: string,
  isThere: boolean,
): string[] {
  if (!isThere) return [`Generation ${generation} is given up. ${name} is gone already.`];
  return [
    `Generation ${generation} is given up: ${name}.`,
    deletesProject
      ? `The project is deleted for good, with its data, its storage objects and ${host}'s own backups of it.`
      : `The project stays at ${host} and is billed there; nothing declares or protects it any more. \`castchat-recovery generation delete ${generation}\` deletes it.`,
  ];
}

/** What came since the present database was made must be in a proven backup before anything older is let go. */
function refuseWithoutBackup(options: ReleaseGenerationOptions, all: readonly HeldGeneration[]): void {
  const { generation, present, backups, stack, withoutNewerBackup, deletesProject } = options;
  if (withoutNewerBackup && !deletesProject) return;
  const concerned = all.filter((one) => [generation, present].includes(one.generation) && one.createdAt !== "");
  const since = Math.max(0, ...concerned.map(({ createdAt }) => Date.parse(createdAt)));
  const { chosen } = chooseBackup(backups, {});
  if (takenAt(chosen) > since) return;
  throw new UserError(
    `The newest proven backup of stack ${stack} (${chosen.backupId} of ${chosen.manifest.snapshotAt}) is older than its database of ${new Date(since).toISOString()}: take one first (\`castchat-recovery backup -s ${stack}\`).`,
  );
}

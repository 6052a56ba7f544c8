import { recoveredDatabaseName } from "../../planning/names.ts";
import { UserError } from "../../services/common/errors.ts";
import type { Reporter } from "../../services/common/reporter.ts";
import type { DatabaseHost } from "../../services/databaseHost/databaseHost.ts";
import type { Confirm } from "../postgres/session/confirmation.ts";
import type { Pulumi } from "../pulumi/pulumi.ts";
import { chooseBackup } from "../vault/chooseBackup.ts";
import { type BackupSummary, takenAt } from "../vault/listBackups.ts";
import { projectsNamed } from "./databaseProject.ts";
import { generationsIn, type HeldGeneration, withoutGeneration } from "./generationState.ts";
import type { Lease } from "./trafficLease.ts";

/** Which generation is given up, and what that needs. */
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
  /** The holder of the public name. */
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
  /** Empty if there is no project. */
  ref: string;
  /** "not declared" if the stack holds no such generation: an earlier call has released it, or it never existed. */
  state: "released" | "not declared";
  projectDeleted: boolean;
}

/**
 * Gives an earlier generation up: the stack forgets its project and restore in one change of the state, so that no `up` declares or
 * protects them any more. The project itself stays at its host unless it is to be deleted too. Can be run again after an interruption.
 *
 * @throws UserError for the present generation and the one that the public name leads to; if no proven backup is newer than the present
 * database, since the old one may hold the only copy; and if another resource still depends on it
 */
export async function releaseGeneration(options: ReleaseGenerationOptions): Promise<ReleasedGeneration> {
  const { generation, stack, present, lease, pulumi, databaseHost, reporter, signal } = options;
  if (generation === present)
    throw new UserError(
      `Generation ${generation} is the present one of stack ${stack}. Only an earlier one can be released: \`castchat-recovery generation list -s ${stack}\` shows them.`,
    );
  if (lease?.stack === stack && lease.generation === generation)
    throw new UserError(
      `Generation ${generation} of stack ${stack} still holds the public name. Run \`pulumi up -s ${stack}\`, which moves the traffic to generation ${present}, and then release it.`,
    );
  const all = generationsIn(await pulumi.exportState());
  const held = all.find((one) => one.generation === generation);
  const projectName = recoveredDatabaseName("active", generation);
  const { deletesProject, organization } = options;
  const [project] = await projectsNamed(databaseHost, { name: projectName, organization }, signal);
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
  const projectDeleted = deletesProject && project !== undefined;
  if (projectDeleted) {
    reporter(`Deleting ${name}`);
    await databaseHost.deleteProject(project.ref, signal);
  }
  return { ...facts, state: held === undefined ? "not declared" : "released", projectDeleted };
}

function linesOf(
  { generation, deletesProject, databaseHost: { name: host } }: ReleaseGenerationOptions,
  name: string,
  isThere: boolean,
): string[] {
  if (!isThere) return [`Generation ${generation} is given up. ${name} is already gone.`];
  return [
    `Generation ${generation} is given up: ${name}.`,
    deletesProject
      ? `The project is deleted for good, with its data, its storage objects and ${host}'s own backups of it.`
      : `The project stays at ${host} and is billed there, but the stack no longer declares or protects it. \`castchat-recovery generation delete ${generation}\` deletes it.`,
  ];
}

/** A proven backup must be newer than the present database before an older one is given up. */
function refuseWithoutBackup(options: ReleaseGenerationOptions, all: readonly HeldGeneration[]): void {
  const { generation, present, backups, stack, withoutNewerBackup, deletesProject } = options;
  if (withoutNewerBackup && !deletesProject) return;
  const concerned = all.filter((one) => [generation, present].includes(one.generation) && one.createdAt !== "");
  const since = Math.max(0, ...concerned.map(({ createdAt }) => Date.parse(createdAt)));
  const { chosen } = chooseBackup(backups, {});
  if (takenAt(chosen) > since) return;
  throw new UserError(
    `The newest proven backup of stack ${stack} (${chosen.backupId} of ${chosen.manifest.snapshotAt}) is older than its database of ${new Date(since).toISOString()}. Take one first: \`castchat-recovery backup -s ${stack}\`.`,
  );
}

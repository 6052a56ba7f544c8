import type { AppHost, AppProject } from "../../services/appHost/appHost.ts";
import type { BuildSettings } from "../../services/appHost/buildSettings.ts";
import type { Deployment } from "../../services/appHost/deployment.ts";
import type { Edge } from "../../services/appHost/edge.ts";
import type { Git } from "../../services/codeHost/git.ts";
import type { Clock } from "../../services/common/clock.ts";
import { UserError } from "../../services/common/errors.ts";
import { poll } from "../../services/common/polling.ts";
import type { Reporter } from "../../services/common/reporter.ts";
import { withTemporaryFolder } from "../../services/common/temporaryFolder.ts";
import { realTiming, type Timing } from "../../services/common/timing.ts";
import { applicationHealth, type HealthContract, waitUntilHealthy } from "./applicationHealth.ts";
import { edgeThroughProtection } from "./deploymentProtection.ts";
import { copySource, type DeploymentSource } from "./deploymentSource.ts";
import { setScheduledCalls } from "./scheduledCalls.ts";

/** What the operations on deployments work with. */
export interface DeploymentPorts {
  appHost: AppHost;
  git: Git;
  edge: Edge;
  clock: Clock;
  /** @default - the real one */
  timing?: Timing;
}

/** What is to be deployed, and where. */
export interface WantedDeployment extends HealthContract, DeploymentSource {
  projectId: string;
  /** A name of the project that no visitor uses. */
  probeName?: string | undefined;
  projectName: string;
  /** Leave out the calls that the source has the app host make on a schedule. */
  withoutScheduledCalls?: boolean | undefined;
  /** Build settings that the project gets first. @default - it keeps its own */
  build?: BuildSettings | undefined;
}

/** A deployment that is built and healthy. */
export interface HealthyDeployment {
  deploymentId: string;
  /** Its own address, with the scheme. */
  url: string;
  commit: string;
  /** The one that served before and was healthy, for a rollback. */
  previousDeploymentId?: string | undefined;
  durationMs: number;
  /** What the operator has to know. */
  notes: string[];
}

/**
 * Deploys the newest commit of a branch to production: copies the source into a private folder, uploads what the app host lacks, waits for
 * the build, and asks the deployment itself for its health, through the project's protection. A project's public names move to a production
 * deployment only once its build is ready, so after a failed build the previous deployment still serves. If a built deployment does not
 * become healthy, the names go back to the previous one. The failed one stays for its logs.
 *
 * The scheduled calls of a project without a public name are stopped: the site that has the name makes them. {@link switchTraffic} starts them.
 */
export async function deployApplication(
  ports: DeploymentPorts,
  wanted: WantedDeployment,
  signal: AbortSignal,
  reporter: Reporter,
): Promise<HealthyDeployment> {
  const start = ports.clock().getTime();
  const { appHost } = ports;
  const project = await appHost.project(wanted.projectId, signal);
  if (!project)
    throw new UserError(
      `${appHost.name} project ${wanted.projectName} (${wanted.projectId}) does not exist. Run \`pulumi up --refresh\` to create it.`,
    );
  const notes: string[] = [];
  const servesNames = await servesVisitors(appHost, project.id, wanted.probeName, signal);
  if (servesNames && (await appHost.releaseState(project.id, signal))?.followsBuilds === false)
    notes.push(
      `Project ${project.name} gives new deployments no public name by itself, as after a rollback: users get this one after \`castchat-recovery rollback finish\`.`,
    );
  const holdCalls = servesNames
    ? () => Promise.resolve()
    : async () => {
        const note = await setScheduledCalls(appHost, project.id, false, signal);
        if (note !== undefined && !notes.includes(note)) notes.push(note);
      };
  await holdCalls();
  const previousDeploymentId = await healthyPredecessor(ports, wanted, project.productionId, signal);
  const { started, commit, lacks } = await startDeployment(ports, wanted, signal, reporter);
  notes.push(...lacks);
  const deployment = await untilBuilt(ports, { started, lacks }, signal, reporter).catch(async (error: unknown) => {
    // It would take the public names once it is built, although its health was never checked.
    if (signal.aborted) await appHost.deleteDeployment(started.id);
    throw error;
  });
  // A first deployment with scheduled calls starts them.
  await holdCalls();
  reporter(`deployment ${deployment.id} is built: asking for its health`);
  try {
    await waitUntilHealthy({
      edge: await edgeThroughProtection(ports, project.id, deployment.url, signal),
      address: deployment.url,
      contract: wanted,
      patience: (ports.timing ?? realTiming).health,
      clock: ports.clock,
      signal,
      reporter,
      advice: [
        ...(previousDeploymentId ? [`Deployment ${previousDeploymentId} still serves.`] : []),
        ...((wanted.build?.framework ?? project.framework) ? [] : [withoutFramework(appHost, project)]),
        `Look at the logs of deployment ${deployment.id} in ${appHost.name}, correct the cause, and run the same command again.`,
      ].join(" "),
    });
  } catch (error) {
    // Without the signal: also after Ctrl-C no public name may stay on a deployment that was never healthy.
    if (previousDeploymentId) await appHost.promoteDeployment(wanted.projectId, previousDeploymentId);
    throw error;
  }
  return {
    deploymentId: deployment.id,
    url: deployment.url,
    commit,
    previousDeploymentId,
    durationMs: ports.clock().getTime() - start,
    notes,
  };
}

/** Whether a project has a name of its own for visitors. */
async function servesVisitors(
  appHost: AppHost,
  projectId: string,
  probeName: string | undefined,
  signal: AbortSignal,
): Promise<boolean> {
  return (await visitedNames(appHost, projectId, probeName, signal)).length > 0;
}

/** A project's own names, without the one that no visitor uses. */
async function visitedNames(
  appHost: AppHost,
  projectId: string,
  probeName: string | undefined,
  signal: AbortSignal,
): Promise<string[]> {
  const names = await appHost.publicNames(projectId, signal);
  return names.flatMap(({ name, isGenerated }) => (isGenerated || name === probeName ? [] : [name]));
}

function withoutFramework(appHost: AppHost, project: AppProject): string {
  return `${appHost.name} project ${project.name} names no framework, so its files are served as they are unless they name one themselves: set build.framework of this app in castchat-recovery:apps.`;
}

/**
 * Deletes a deployment, unless it serves visitors: the production deployment of a project with a public name stays until the project is
 * deleted, because deleting it would take the name down. Returns why it stayed, or undefined.
 */
export async function removeDeployment(
  appHost: AppHost,
  projectId: string,
  deploymentId: string,
  probeName: string | undefined,
  signal: AbortSignal,
): Promise<string | undefined> {
  const project = await appHost.project(projectId, signal);
  if (!project) return undefined;
  if (project.productionId === deploymentId) {
    const names = await visitedNames(appHost, projectId, probeName, signal);
    if (names.length > 0) return `deployment ${deploymentId} stays: it serves ${names.join(", ")}`;
  }
  await appHost.deleteDeployment(deploymentId, signal);
  return undefined;
}

/** The present production deployment, if it is healthy: a rollback needs one. */
async function healthyPredecessor(
  ports: DeploymentPorts,
  wanted: WantedDeployment,
  productionId: string | undefined,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (productionId === undefined) return undefined;
  const current = await ports.appHost.deployment(productionId, signal);
  if (current?.state !== "ready") return undefined;
  const edge = await edgeThroughProtection(ports, wanted.projectId, current.url, signal);
  const health = await applicationHealth(edge, current.url, wanted, signal);
  return health.healthy ? current.id : undefined;
}

/** A deployment whose build has begun, and what its source lacks, in sentences. */
interface Begun {
  started: Deployment;
  lacks: string[];
}

/** Copies the source, and starts its build at the app host. */
async function startDeployment(
  { appHost, git }: DeploymentPorts,
  wanted: WantedDeployment,
  signal: AbortSignal,
  reporter: Reporter,
): Promise<Begun & { commit: string }> {
  const { projectId, projectName, build, sourceRef, withoutScheduledCalls } = wanted;
  return withTemporaryFolder("source", async (temporary) => {
    const source = await copySource(git, wanted, { temporary, signal, reporter });
    const { folder, commit, sourceUrl } = source;
    const leaveOut = await git.ignoredBy(folder, appHost.ignoreFile, signal);
    const submodules = await git.submodules(folder, signal);
    const code = { folder, commit, branch: sourceRef, sourceUrl, leaveOut, withoutScheduledCalls };
    const started = await appHost.deploy({ projectId, projectName, build, ...code }, reporter, signal);
    const lacks = submodules.length === 0 ? [] : [withoutSubmodules(sourceUrl, submodules)];
    return { started, commit, lacks: [...source.notes, ...lacks] };
  });
}

function withoutSubmodules(sourceUrl: string, paths: readonly string[]): string {
  return `${sourceUrl} has submodules (${paths.join(", ")}), whose files are not deployed: neither the program nor its mirrors read other repositories. If the app needs them, copy them into its own.`;
}

function untilBuilt(
  ports: DeploymentPorts,
  { started, lacks }: Begun,
  signal: AbortSignal,
  reporter: Reporter,
): Promise<Deployment> {
  const { appHost } = ports;
  return poll<Deployment>(
    async () => {
      const now = await appHost.deployment(started.id, signal);
      if (!now) throw new Error(`Deployment ${started.id} disappeared during its build. Run the same command again.`);
      if (now.state === "ready") return { done: now };
      if (now.state === "failed") {
        const reason = (now.error ?? `${appHost.name} gives no reason (state ${now.status})`).trim().replace(/\.$/, "");
        const remarks = [...lacks, "The previous deployment still serves."].join(" ");
        throw new Error(`Deployment ${started.id} failed: ${reason}. ${remarks}`);
      }
      return { waitingFor: now.status };
    },
    {
      patience: (ports.timing ?? realTiming).build,
      clock: ports.clock,
      signal,
      progress: (state) => reporter(`deployment ${started.id} is ${state}`),
      onLimit: (state, elapsed) =>
        new Error(
          `Deployment ${started.id} was still ${state} after ${Math.round(elapsed / 1000)} s. Look at its build in ${appHost.name}, and run the same command again.`,
        ),
    },
  );
}

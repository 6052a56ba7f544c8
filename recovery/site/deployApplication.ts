import { readFile } from "node:fs/promises";
import { join } from "node:path";

import type { Edge } from "../../services/appHost/edge.ts";
import type { Vercel, VercelDeployment } from "../../services/appHost/vercel.ts";
import type { Git } from "../../services/codeHost/git.ts";
import type { Clock } from "../../services/common/clock.ts";
import { UserError } from "../../services/common/errors.ts";
import { poll } from "../../services/common/polling.ts";
import { pool } from "../../services/common/pool.ts";
import type { Reporter } from "../../services/common/reporter.ts";
import { withTemporaryFolder } from "../../services/common/temporaryFolder.ts";
import { realTiming, type Timing } from "../../services/common/timing.ts";
import { applicationHealth, waitUntilHealthy } from "./applicationHealth.ts";
import { edgeThroughProtection } from "./deploymentProtection.ts";
import { type SourceFile, sourceFiles } from "./sourceFiles.ts";

/** Uploads at a time. */
const UPLOADS = 6;

/** What the operations on deployments work with. */
export interface DeploymentPorts {
  vercel: Vercel;
  git: Git;
  edge: Edge;
  clock: Clock;
  /** @default - the real one */
  timing?: Timing;
}

/** What is to be deployed, and where. */
export interface WantedDeployment {
  projectId: string;
  projectName: string;
  /** Repository that git can read: https address, mirror, or the absolute path of a repository or bundle. */
  sourceUrl: string;
  /** Branch or tag; its newest commit is deployed. */
  sourceRef: string;
  /** Path of the application's health answer. */
  healthPath: string;
}

/** A deployment that is built and healthy. */
export interface HealthyDeployment {
  deploymentId: string;
  /** Its own address, "https://….vercel.app". */
  url: string;
  commit: string;
  /** The one that served before and was healthy: where a rollback leads. */
  previousDeploymentId?: string;
  durationMs: number;
}

/**
 * Deploys the newest commit of a branch to production: has the project show its deployments Vercel's system variables, copies the source into a private folder, uploads what Vercel
 * does not have yet, waits for the build, and asks the deployment itself for its health, through the project's protection. Vercel gives a project's public
 * names to a production deployment only once its build is ready: a failed build leaves the one before in service. When a
 * built deployment does not become healthy, the names go back to the one before; the failed one stays for its logs.
 */
export async function deployApplication(
  ports: DeploymentPorts,
  wanted: WantedDeployment,
  signal: AbortSignal,
  reporter: Reporter,
): Promise<HealthyDeployment> {
  const start = ports.clock().getTime();
  const project = await ports.vercel.project(wanted.projectId, signal);
  if (!project)
    throw new UserError(`Vercel project ${wanted.projectName} (${wanted.projectId}) does not exist: create it first.`);
  const previousDeploymentId = await healthyPredecessor(ports, wanted, project.targets?.production?.id, signal);
  // Without them a deployment doesn't know its own id. Here and not by Pulumi, whose plugin changes every other setting along with one.
  if (project.autoExposeSystemEnvs !== true) await ports.vercel.exposeSystemVariables(project.id, signal);
  const { started, commit } = await withTemporaryFolder("source", async (folder) => {
    reporter(`reading ${wanted.sourceRef} of ${wanted.sourceUrl}`);
    const source = join(folder, "source");
    const head = await ports.git.checkout(wanted.sourceUrl, wanted.sourceRef, source, signal);
    return {
      started: await upload(ports.vercel, { wanted, folder: source, commit: head }, signal, reporter),
      commit: head,
    };
  });
  const deployment = await untilBuilt(ports, started, signal, reporter).catch(async (error: unknown) => {
    // Nobody would look at its health any more, but it would take the public names once it is built.
    if (signal.aborted) await ports.vercel.deleteDeployment(started.id);
    throw error;
  });
  reporter(`deployment ${deployment.id} is built: asking for its health`);
  try {
    await waitUntilHealthy({
      edge: await edgeThroughProtection(ports, project.id, deployment.url, signal),
      address: deployment.url,
      path: wanted.healthPath,
      patience: (ports.timing ?? realTiming).health,
      clock: ports.clock,
      signal,
      reporter,
      advice: previousDeploymentId
        ? `Deployment ${previousDeploymentId} goes on serving; look at the logs of ${deployment.id} in Vercel, correct the cause and run again.`
        : `Look at the logs of deployment ${deployment.id} in Vercel, correct the cause and run again.`,
    });
  } catch (error) {
    // Without the signal: also after Ctrl-C no public name may be left on a deployment that nobody saw healthy.
    if (previousDeploymentId) await ports.vercel.promoteDeployment(wanted.projectId, previousDeploymentId);
    throw error;
  }
  return {
    deploymentId: deployment.id,
    url: deployment.url,
    commit,
    ...(previousDeploymentId ? { previousDeploymentId } : {}),
    durationMs: ports.clock().getTime() - start,
  };
}

/** A deployment as it is now, or nothing when Vercel says that it is gone. An unreachable Vercel is an error. */
export function readDeployment(
  vercel: Vercel,
  deploymentId: string,
  signal: AbortSignal,
): Promise<VercelDeployment | undefined> {
  return vercel.deployment(deploymentId, signal);
}

/** What became of a wish to delete a deployment. */
export type DeploymentRemoval = { removed: true } | { removed: false; reason: string };

/**
 * Deletes a deployment, unless visitors are served by it: the production deployment of a project that has a public name
 * stays until its project goes, because deleting it would take the name down. Says why it stayed.
 */
export async function removeDeployment(
  vercel: Vercel,
  projectId: string,
  deploymentId: string,
  signal: AbortSignal,
): Promise<DeploymentRemoval> {
  const project = await vercel.project(projectId, signal);
  if (!project) return { removed: true };
  if (project.targets?.production?.id === deploymentId) {
    const names = (await vercel.domains(projectId, signal))
      .map(({ name }) => name)
      .filter((name) => !name.endsWith(".vercel.app"));
    if (names.length > 0) {
      return { removed: false, reason: `deployment ${deploymentId} stays: it serves ${names.join(", ")}` };
    }
  }
  await vercel.deleteDeployment(deploymentId, signal);
  return { removed: true };
}

/** The production deployment of now, when it is healthy. An unhealthy one is nothing to go back to. */
async function healthyPredecessor(
  ports: DeploymentPorts,
  wanted: WantedDeployment,
  productionId: string | undefined,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (productionId === undefined) return undefined;
  const current = await ports.vercel.deployment(productionId, signal);
  if (current?.state !== "READY") return undefined;
  const edge = await edgeThroughProtection(ports, wanted.projectId, current.url, signal);
  const health = await applicationHealth(edge, current.url, wanted.healthPath, signal);
  return health.healthy ? current.id : undefined;
}

/** Uploads what Vercel says is missing and starts the deployment. Vercel knows contents of earlier deployments already. */
async function upload(
  vercel: Vercel,
  source: { wanted: WantedDeployment; folder: string; commit: string },
  signal: AbortSignal,
  reporter: Reporter,
): Promise<VercelDeployment> {
  const { wanted, commit } = source;
  const found = await sourceFiles(source.folder);
  if (found.length === 0)
    throw new UserError(`${wanted.sourceRef} of ${wanted.sourceUrl} holds no files: nothing can be deployed.`);
  const files = found.map(({ file, sha, size, mode }) => ({ file, sha, size, mode }));
  const request = { ...wanted, files, commit, branch: wanted.sourceRef };
  const first = await vercel.createDeployment(request, signal);
  if (!("missing" in first)) return first;
  const missing = new Set(first.missing.length > 0 ? first.missing : files.map(({ sha }) => sha));
  const wantedFiles = new Map(found.filter(({ sha }) => missing.has(sha)).map((file) => [file.sha, file]));
  reporter(`uploading ${wantedFiles.size} of ${files.length} files of commit ${commit.slice(0, 8)}`);
  await uploadAll(vercel, [...wantedFiles.values()], signal);
  const second = await vercel.createDeployment(request, signal);
  if ("missing" in second)
    throw new Error(`Vercel still misses ${second.missing.length} files after their upload: run again.`);
  return second;
}

async function uploadAll(vercel: Vercel, files: readonly SourceFile[], signal: AbortSignal): Promise<void> {
  const upload = async ({ sha, path }: SourceFile, inner: AbortSignal) =>
    vercel.uploadFile(sha, await readFile(path), inner);
  await pool(files, UPLOADS, upload, signal);
}

function untilBuilt(
  ports: DeploymentPorts,
  started: VercelDeployment,
  signal: AbortSignal,
  reporter: Reporter,
): Promise<VercelDeployment> {
  return poll<VercelDeployment>(
    async () => {
      const now = await ports.vercel.deployment(started.id, signal);
      if (!now) throw new Error(`Deployment ${started.id} disappeared while it was built: run again.`);
      if (now.state === "READY") return { done: now };
      if (now.state === "ERROR" || now.state === "CANCELED") {
        const reason = (now.error ?? `Vercel gives no reason (state ${now.state})`).trim().replace(/\.$/, "");
        throw new Error(`Deployment ${started.id} failed: ${reason}. What served before goes on serving.`);
      }
      return { waitingFor: now.state };
    },
    {
      patience: (ports.timing ?? realTiming).build,
      clock: ports.clock,
      signal,
      progress: (state) => reporter(`deployment ${started.id} is ${state}`),
      onLimit: (state, elapsed) =>
        new Error(
          `Deployment ${started.id} was still ${state} after ${Math.round(elapsed / 1000)} s: look at its build in Vercel and run again.`,
        ),
    },
  );
}

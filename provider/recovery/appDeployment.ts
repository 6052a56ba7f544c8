import { z } from "zod";

import { deployApplication, type HealthyDeployment, removeDeployment } from "../../recovery/site/deployApplication.ts";
import { messageOf } from "../../services/common/errors.ts";
import { visible } from "../../services/common/visibleText.ts";
import { HEALTH_ANSWER } from "../../settings/healthAnswer.ts";
import type { Operation, ResourceHandler } from "../host/index.ts";
import { BUILD_INPUTS, buildOf } from "./buildOf.ts";
import { changedInputs } from "./changes.ts";
import type { RecoveryContext } from "./context.ts";

const repositoryUrl = z
  .string()
  .regex(/^(https?:\/\/|file:\/\/|\/)/, { error: "must be an https address or an absolute path." });

const inputs = z.strictObject({
  projectId: z.string().min(1),
  projectName: z.string().min(1),
  /** Repository or mirror. */
  sourceUrl: repositoryUrl,
  /** Other copies of it, for a deployment that cannot read that one. A change of them makes no new deployment. */
  fallbackUrls: z.array(repositoryUrl).optional(),
  /** Branch or tag. */
  sourceRef: z.string().min(1),
  /** Hash of the deployment's environment. Another hash needs a new build. */
  environmentHash: z.string().min(1),
  ...BUILD_INPUTS,
  /** A name of the project that no visitor uses. A change of it makes no new deployment. */
  probeName: z.string().min(1).optional(),
  withoutScheduledCalls: z.boolean().optional(),
  healthPath: z.string().startsWith("/").optional(),
  healthAnswer: HEALTH_ANSWER.optional(),
});

type Inputs = z.infer<typeof inputs>;
interface Outputs extends Omit<HealthyDeployment, "previousDeploymentId" | "notes"> {
  /** Null for a project's first deployment. An output that is left out would be unknown in every preview. */
  previousDeploymentId?: string | null;
  /** The branch's newest commit, as the last refresh saw it. */
  newestCommit: string;
}

const MOVING = ["deploymentId", "url", "commit", "newestCommit", "previousDeploymentId", "durationMs"] as const;

async function deploy(
  context: RecoveryContext,
  wanted: Inputs,
  signal: AbortSignal,
  operation: Pick<Operation, "report" | "warn">,
): Promise<Outputs> {
  const { notes, ...deployed } = await deployApplication(
    { appHost: context.appHost(), git: context.git(), edge: context.edge, clock: context.clock },
    { ...wanted, build: await buildOf(context, wanted, signal, operation) },
    signal,
    operation.report,
  );
  for (const note of notes) operation.warn(note);
  const { previousDeploymentId = null, commit } = deployed;
  return { ...deployed, previousDeploymentId, newestCommit: commit };
}

/**
 * `recovery:index:AppDeployment`: the deployment that serves a project's production, id = the project's id. A changed input, above all
 * another environment hash, makes a new deployment. The previous one stays for a rollback.
 *
 * `refresh` reads the branch's newest commit, which the next `up` deploys. If `diff` read it, an unchanged `up` would need the repository
 * to be reachable.
 */
export const appDeployment: ResourceHandler<RecoveryContext, Inputs, Outputs> = {
  inputs,
  changesOnUpdate: MOVING,
  diff(_context, olds, news, unknownKeys) {
    const others = [
      "projectName",
      "sourceUrl",
      "sourceRef",
      "environmentHash",
      "build",
      "withoutScheduledCalls",
      "healthPath",
      "healthAnswer",
    ] as const;
    const changes: string[] = changedInputs(olds.inputs, news, unknownKeys, others);
    if (olds.outputs.newestCommit !== olds.outputs.commit) changes.push("sourceRef");
    return { replaces: changedInputs(olds.inputs, news, unknownKeys, ["projectId"]), changes };
  },
  async create(context, wanted, signal, operation) {
    return { id: wanted.projectId, outputs: await deploy(context, wanted, signal, operation) };
  },
  async read(context, id, last, signal) {
    const appHost = context.appHost();
    const project = await appHost.project(id, signal);
    const deploymentId = last?.outputs.deploymentId ?? project?.productionId;
    if (!project || deploymentId === undefined) return undefined;
    const found = await appHost.deployment(deploymentId, signal);
    if (!found) return undefined;
    const commit = found.commit ?? last?.outputs.commit ?? "";
    const unknown = { sourceUrl: "", sourceRef: "", environmentHash: "" };
    const source = { ...unknown, ...last?.inputs, projectId: id, projectName: project.name };
    return {
      id,
      inputs: source,
      outputs: {
        deploymentId,
        url: found.url,
        commit,
        newestCommit: await newestOr(commit, context, source, signal),
        durationMs: last?.outputs.durationMs ?? 0,
        previousDeploymentId: last?.outputs.previousDeploymentId ?? null,
      },
    };
  },
  update: (context, _id, _olds, news, signal, operation) => deploy(context, news, signal, operation),
  async delete(context, id, olds, signal, operation) {
    const reason = await removeDeployment(
      context.appHost(),
      id,
      olds.outputs.deploymentId,
      olds.inputs.probeName,
      signal,
    );
    if (reason !== undefined) operation.report(reason);
  },
};

/** The branch's newest commit. An unreachable source is not drift, because the deployed app continues to serve. */
async function newestOr(
  deployed: string,
  context: RecoveryContext,
  { sourceUrl, sourceRef }: Inputs,
  signal: AbortSignal,
): Promise<string> {
  if (sourceUrl === "") return deployed;
  try {
    return (await context.git().newestCommit(sourceUrl, sourceRef, signal)) ?? deployed;
  } catch (error) {
    signal.throwIfAborted();
    process.stderr.write(`recovery: ${visible(messageOf(error))}\n`);
    return deployed;
  }
}

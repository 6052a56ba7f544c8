import { z } from "zod";

import { UserError } from "../common/errors.ts";
import { segment, ServiceError, unlessNotFound } from "../http/http.ts";
import type { JsonClient } from "../http/jsonClient.ts";
import type { AppReleases, LastMove, Release, ReleaseState } from "./appReleases.ts";
import { deploymentAnswer } from "./vercelAnswers.ts";
import { projectPath } from "./vercelProjects.ts";

/** Releases that are looked at: more than a team ships between a bad release and its discovery. */
const LISTED = 50;

const listed = z.object({ createdAt: z.number(), isRollbackCandidate: z.boolean().nullish() });
const releaseAnswer = z.unknown().transform((answer, context): Release => {
  const [deployment, more] = [deploymentAnswer.safeParse(answer), listed.safeParse(answer)];
  if (!deployment.success || !more.success) {
    for (const { message } of [...(deployment.error?.issues ?? []), ...(more.error?.issues ?? [])])
      context.addIssue({ code: "custom", message });
    return z.NEVER;
  }
  const { createdAt, isRollbackCandidate } = more.data;
  return { ...deployment.data, createdAt: new Date(createdAt), isCandidate: isRollbackCandidate ?? undefined };
});
const releasesAnswer = z.object({ deployments: z.array(releaseAnswer) });

const KINDS = { promote: "promotion", rollback: "rollback" } as const;
/** A skipped request has moved nothing. */
const MOVES: Readonly<Record<string, LastMove["state"]>> = { succeeded: "done", failed: "failed", skipped: "failed" };

const stateAnswer = z
  .object({
    id: z.string(),
    name: z.string(),
    targets: z.object({ production: z.object({ id: z.string() }).nullish() }).nullish(),
    autoAssignCustomDomains: z.boolean().nullish(),
    lastAliasRequest: z
      .object({
        type: z.enum(["promote", "rollback"]),
        fromDeploymentId: z.string().nullish(),
        toDeploymentId: z.string(),
        jobStatus: z.string(),
        requestedAt: z.number(),
      })
      .nullish(),
    rollbackDescription: z.object({ description: z.string() }).nullish(),
  })
  .transform(({ id, name, targets, autoAssignCustomDomains, lastAliasRequest: last, rollbackDescription }) => ({
    projectId: id,
    projectName: name,
    servedId: targets?.production?.id,
    followsBuilds: autoAssignCustomDomains !== false,
    lastMove:
      last === null || last === undefined
        ? undefined
        : {
            kind: KINDS[last.type],
            from: last.fromDeploymentId ?? undefined,
            to: last.toDeploymentId,
            state: MOVES[last.jobStatus] ?? ("pending" as const),
            status: last.jobStatus,
            at: new Date(last.requestedAt),
          },
    remark: rollbackDescription?.description,
  }));
const rollingAnswer = z.object({ rollingRelease: z.object({ state: z.string().optional() }).nullish() });

/**
 * Vercel's Instant Rollback and what undoes it. A rollback points the production domains back, and switches their automatic assignment off; a
 * promotion switches it on again (https://vercel.com/docs/instant-rollback, https://vercel.com/docs/cli/rollback).
 *
 * The lasting sign of a rollback is the project's field `autoAssignCustomDomains` (seen in https://github.com/boardsesh/boardsesh/pull/2411).
 * `lastAliasRequest` is null unless the request asks with `rollbackInfo=true`, as Vercel's own command does
 * (https://github.com/vercel/vercel, packages/cli/src/commands/rollback/status.ts).
 */
export function vercelReleases(call: JsonClient): AppReleases {
  const isRolling = async (projectId: string, signal?: AbortSignal): Promise<boolean> => {
    // https://vercel.com/docs/rest-api/rolling-release/get-the-active-rolling-release-information-for-a-project
    const path = `${projectPath(projectId, "v1")}/rolling-release`;
    try {
      const answer = call({ method: "GET", path, query: { state: "ACTIVE" }, answer: rollingAnswer, signal });
      return ((await unlessNotFound(answer))?.rollingRelease ?? undefined) !== undefined;
    } catch (error) {
      // A plan without the feature refuses the question.
      if (error instanceof ServiceError && [400, 402, 403].includes(error.status)) return false;
      throw error;
    }
  };
  return {
    releases: async (projectId, signal) => {
      const query = { projectId, target: "production", limit: LISTED };
      const { deployments } = await call({
        method: "GET",
        path: "/v7/deployments",
        query,
        answer: releasesAnswer,
        signal,
      });
      return deployments.toSorted((one, other) => other.createdAt.getTime() - one.createdAt.getTime());
    },
    releaseState: async (projectId, signal): Promise<ReleaseState | undefined> => {
      const query = { rollbackInfo: "true" };
      const path = projectPath(projectId);
      const found = await unlessNotFound(call({ method: "GET", path, query, answer: stateAnswer, signal }));
      return found && { ...found, isRolling: await isRolling(found.projectId, signal) };
    },
    rollBackTo: async (projectId, id, remark, signal) => {
      // https://vercel.com/docs/rest-api/projects/point-production-traffic-to-a-previous-production-deployment-by-id
      const path = `${projectPath(projectId, "v1")}/rollback/${segment(id)}`;
      const query = { description: remark };
      try {
        await call({ method: "POST", path, query, answer: z.unknown(), repeatable: true, signal });
      } catch (error) {
        if (!(error instanceof ServiceError)) throw error;
        if (error.status === 402)
          throw new UserError(
            `Vercel's plan does not permit a rollback to ${id}: on Hobby only the deployment before the present one can be taken. Name that one with --to, or upgrade the plan.`,
            { cause: error },
          );
        // "Already current", as https://github.com/kortix-ai/suna/pull/3731 met it.
        if (error.status !== 409) throw error;
      }
    },
    followBuilds: async (projectId, follows, signal) => {
      const body = { autoAssignCustomDomains: follows };
      await call({
        method: "PATCH",
        path: projectPath(projectId),
        body,
        answer: z.unknown(),
        repeatable: true,
        signal,
      });
    },
  };
}

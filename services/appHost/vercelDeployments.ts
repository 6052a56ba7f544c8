import { readFile } from "node:fs/promises";

import { z } from "zod";

import { UserError } from "../common/errors.ts";
import { pool } from "../common/pool.ts";
import type { Reporter } from "../common/reporter.ts";
import { segment, ServiceError, unlessNotFound } from "../http/http.ts";
import type { JsonClient } from "../http/jsonClient.ts";
import type { AppHost, Deployment, DeploymentSource } from "./appHost.ts";
import { type SourceFile, sourceFiles } from "./sourceFiles.ts";
import { projectPath } from "./vercelProjects.ts";
import { prepareProject } from "./vercelSettings.ts";

/** Simultaneous uploads. */
const UPLOADS = 6;
/**
 * Environment variable with a deployment's commit, at build and at run. Vercel documents its own VERCEL_GIT_COMMIT_SHA only for deployments
 * from a linked repository, not for uploaded files.
 */
const COMMIT_VARIABLE = "CASTCHAT_COMMIT_SHA";

/** The refusal of a deployment whose files were not all uploaded. */
const missingAnswer = z.object({ error: z.object({ missing: z.array(z.string()) }) });
const listAnswer = z.object({ deployments: z.array(z.unknown()) });

const STATES: Readonly<Record<string, Deployment["state"]>> = { READY: "ready", ERROR: "failed", CANCELED: "failed" };

/** A deployment. A listing has other names for some fields. */
const deploymentAnswer = z
  .object({
    id: z.string().optional(),
    uid: z.string().optional(),
    url: z.string(),
    /** QUEUED, INITIALIZING, BUILDING, READY, ERROR or CANCELED. */
    readyState: z.string().optional(),
    state: z.string().optional(),
    projectId: z.string().optional(),
    errorCode: z.string().nullish(),
    errorMessage: z.string().nullish(),
    meta: z.record(z.string(), z.unknown()).nullish(),
  })
  .transform((answer, context): Deployment => {
    const id = answer.id ?? answer.uid;
    if (!id) {
      context.addIssue({ code: "custom", message: "the deployment has no id" });
      return z.NEVER;
    }
    const commit = answer.meta?.["githubCommitSha"];
    const status = answer.readyState ?? answer.state ?? "UNKNOWN";
    return {
      id,
      url: answer.url.startsWith("http") ? answer.url : `https://${answer.url}`,
      projectId: answer.projectId,
      state: STATES[status] ?? "pending",
      status,
      error: answer.errorMessage ?? answer.errorCode ?? undefined,
      commit: typeof commit === "string" ? commit : undefined,
    };
  });

/** Vercel's deployments. */
export function vercelDeployments(
  call: JsonClient,
): Pick<AppHost, "deploy" | "deployment" | "hasDeployments" | "promoteDeployment" | "deleteDeployment"> {
  const path = (id: string): string => `/v13/deployments/${segment(id)}`;
  return {
    deploy: (source, reporter, signal) => uploadAndStart(call, source, reporter, signal),
    deployment: (id, signal) =>
      unlessNotFound(call({ method: "GET", path: path(id), answer: deploymentAnswer, signal })),
    hasDeployments: async (projectId, signal) => {
      const query = { projectId, limit: 1 };
      const listed = await call({ method: "GET", path: "/v7/deployments", query, answer: listAnswer, signal });
      return listed.deployments.length > 0;
    },
    promoteDeployment: async (projectId, id, signal) => {
      const promotion = `${projectPath(projectId, "v10")}/promote/${segment(id)}`;
      try {
        await call({ method: "POST", path: promotion, answer: z.unknown(), repeatable: true, signal });
      } catch (error) {
        if (!(error instanceof ServiceError && error.status === 409)) throw error;
      }
    },
    deleteDeployment: async (id, signal) => {
      await unlessNotFound(call({ method: "DELETE", path: path(id), answer: z.unknown(), signal }));
    },
  };
}

/** Uploads the files that Vercel lacks and starts a production deployment. Vercel keeps the contents of earlier deployments. */
async function uploadAndStart(
  call: JsonClient,
  source: DeploymentSource,
  reporter: Reporter,
  signal?: AbortSignal,
): Promise<Deployment> {
  const files = await sourceFiles(source.folder);
  if (files.length === 0)
    throw new UserError(
      `${source.branch} of ${source.sourceUrl} has no files, so nothing can be deployed: push the app to it.`,
    );
  await prepareProject(call, source.projectId, source.build, signal);
  const first = await start(call, source, files, signal);
  if (!("missing" in first)) return first;
  const missing = new Set(first.missing.length > 0 ? first.missing : files.map(({ sha }) => sha));
  const wanted = new Map(files.filter(({ sha }) => missing.has(sha)).map((file) => [file.sha, file]));
  reporter(`uploading ${wanted.size} of ${files.length} files of commit ${source.commit.slice(0, 8)}`);
  await pool(wanted.values(), UPLOADS, (file, inner) => uploadFile(call, file, inner), signal);
  const second = await start(call, source, files, signal);
  if ("missing" in second)
    throw new Error(
      `Vercel still misses ${second.missing.length} files after their upload: run the same command again.`,
    );
  return second;
}

/** Starts a production deployment, or returns the hashes of files that were not uploaded yet. */
async function start(
  call: JsonClient,
  { projectId, projectName, commit, branch, sourceUrl }: DeploymentSource,
  files: readonly SourceFile[],
  signal?: AbortSignal,
): Promise<Deployment | { missing: string[] }> {
  try {
    return await call({
      method: "POST",
      path: "/v13/deployments",
      query: { skipAutoDetectionConfirmation: "1" },
      body: {
        name: projectName,
        project: projectId,
        target: "production",
        files: files.map(({ file, sha, size, mode }) => ({ file, sha, size, mode })),
        gitMetadata: { remoteUrl: sourceUrl, commitSha: commit, commitRef: branch, dirty: false },
        meta: { githubCommitSha: commit, githubCommitRef: branch },
        // `vercel deploy --env … --build-env …` sends them in this form.
        env: { [COMMIT_VARIABLE]: commit },
        build: { env: { [COMMIT_VARIABLE]: commit } },
      },
      answer: deploymentAnswer,
      signal,
    });
  } catch (error) {
    if (!(error instanceof ServiceError) || error.code !== "missing_files") throw error;
    return { missing: missingAnswer.safeParse(error.body).data?.error.missing ?? [] };
  }
}

/** Uploads one file. Vercel stores it by its digest, so a second upload changes nothing. */
async function uploadFile(call: JsonClient, { sha, path }: SourceFile, signal: AbortSignal): Promise<void> {
  const headers = { "x-vercel-digest": sha, "content-type": "application/octet-stream" };
  const body = await readFile(path);
  await call({ method: "POST", path: "/v2/files", headers, body, answer: z.unknown(), repeatable: true, signal });
}

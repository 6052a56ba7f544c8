import { readFile } from "node:fs/promises";

import { z } from "zod";

import { UserError } from "../common/errors.ts";
import { pool } from "../common/pool.ts";
import type { Reporter } from "../common/reporter.ts";
import { ServiceError } from "../http/http.ts";
import type { Deployment, DeploymentSource } from "./appHost.ts";
import { type SourceFile, sourceFiles } from "./sourceFiles.ts";
import { deploymentAnswer } from "./vercelAnswers.ts";
import type { VercelApi } from "./vercelApi.ts";
import { projectPath } from "./vercelProjects.ts";

/** Uploads at a time. */
const UPLOADS = 6;
/**
 * Environment variable of each deployment that holds its commit, at build and at run. Vercel's own VERCEL_GIT_COMMIT_SHA is documented for
 * deployments from a linked repository; that uploaded files get it, too, is not.
 */
const COMMIT_VARIABLE = "CASTCHAT_COMMIT_SHA";

/** The refusal of a deployment whose files are not all there. */
const missingAnswer = z.object({ error: z.object({ missing: z.array(z.string()) }) });
const exposureAnswer = z.object({ autoExposeSystemEnvs: z.boolean().nullish() });

/** Uploads the files that Vercel misses and starts a production deployment. Vercel knows contents of earlier deployments already. */
export async function uploadAndStart(
  call: VercelApi,
  source: DeploymentSource,
  reporter: Reporter,
  signal?: AbortSignal,
): Promise<Deployment> {
  const files = await sourceFiles(source.folder);
  if (files.length === 0)
    throw new UserError(`${source.branch} of ${source.sourceUrl} holds no files: nothing can be deployed.`);
  await exposeSystemVariables(call, source.projectId, signal);
  const first = await start(call, source, files, signal);
  if (!("missing" in first)) return first;
  const missing = new Set(first.missing.length > 0 ? first.missing : files.map(({ sha }) => sha));
  const wanted = new Map(files.filter(({ sha }) => missing.has(sha)).map((file) => [file.sha, file]));
  reporter(`uploading ${wanted.size} of ${files.length} files of commit ${source.commit.slice(0, 8)}`);
  const upload = async ({ sha, path }: SourceFile, inner: AbortSignal) => uploadFile(call, sha, path, inner);
  await pool([...wanted.values()], UPLOADS, upload, signal);
  const second = await start(call, source, files, signal);
  if ("missing" in second)
    throw new Error(`Vercel still misses ${second.missing.length} files after their upload: run again.`);
  return second;
}

/**
 * Lets deployments from now on see Vercel's system variables: without them one doesn't know its own id. Here and not by Pulumi, whose plugin
 * changes every other setting along with one.
 */
async function exposeSystemVariables(call: VercelApi, projectId: string, signal?: AbortSignal): Promise<void> {
  const path = projectPath(projectId);
  const { autoExposeSystemEnvs } = await call({ method: "GET", path, answer: exposureAnswer, signal });
  if (autoExposeSystemEnvs === true) return;
  await call({ method: "PATCH", path, body: { autoExposeSystemEnvs: true }, answer: z.unknown(), signal });
}

/** Starts a production deployment, or names the contents that were not uploaded yet. */
async function start(
  call: VercelApi,
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
        // As `vercel deploy --env … --build-env …` sends them.
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

/** Uploads one file's content. The digest names it, so that a second upload changes nothing. */
async function uploadFile(call: VercelApi, sha: string, path: string, signal: AbortSignal): Promise<void> {
  const headers = { "x-vercel-digest": sha, "content-type": "application/octet-stream" };
  const body = await readFile(path);
  await call({ method: "POST", path: "/v2/files", headers, body, answer: z.unknown(), repeatable: true, signal });
}

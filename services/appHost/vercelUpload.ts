import { posix } from "node:path";

import { z } from "zod";

import { UserError } from "../common/errors.ts";
import { pool } from "../common/pool.ts";
import type { Reporter } from "../common/reporter.ts";
import { ServiceError } from "../http/http.ts";
import type { JsonClient } from "../http/jsonClient.ts";
import type { DeploymentSource } from "./appHost.ts";
import type { Deployment } from "./deployment.ts";
import { contentOf, type SourceFile, sourceFiles, withContent } from "./sourceFiles.ts";
import { deploymentAnswer } from "./vercelAnswers.ts";
import { CONFIGURATION, withoutCrons } from "./vercelCrons.ts";
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

/** Uploads the files that Vercel lacks and starts a production deployment. Vercel keeps the contents of earlier deployments. */
export async function uploadAndStart(
  call: JsonClient,
  source: DeploymentSource,
  reporter: Reporter,
  signal?: AbortSignal,
): Promise<Deployment> {
  const all = await sourceFiles(source.folder, source.leaveOut);
  if (all.length === 0)
    throw new UserError(
      `${source.branch} of ${source.sourceUrl} has no files, so nothing can be deployed: push the app to it.`,
    );
  const { rootDirectory } = await prepareProject(call, source.projectId, source.build, signal);
  const files = source.withoutScheduledCalls ? await unscheduled(all, rootDirectory) : all;
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

/** The files without the scheduled calls of the project's configuration. Those of a framework's own are stopped with the project's. */
async function unscheduled(files: readonly SourceFile[], rootDirectory: string): Promise<SourceFile[]> {
  const places = [CONFIGURATION, posix.join(rootDirectory, CONFIGURATION)];
  return await Promise.all(
    files.map(async (file) => {
      const changed = places.includes(file.file) ? withoutCrons(String(await contentOf(file))) : undefined;
      return changed === undefined ? file : withContent(file, Buffer.from(changed));
    }),
  );
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
async function uploadFile(call: JsonClient, file: SourceFile, signal: AbortSignal): Promise<void> {
  const headers = { "x-vercel-digest": file.sha, "content-type": "application/octet-stream" };
  const body = await contentOf(file);
  await call({ method: "POST", path: "/v2/files", headers, body, answer: z.unknown(), repeatable: true, signal });
}

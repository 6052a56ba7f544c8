import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

import { z } from "zod";

import { withTemporaryFolder } from "../../../services/common/temporaryFolder.ts";
import { commitChange, copyNewest } from "../../sandbox/app/repository.ts";
import type { DrillContext } from "../company/context.ts";
import type { LiveApp } from "../company/liveNames.ts";
import { type AskService, liveServices } from "../company/liveServices.ts";
import { repositoryUrlOf } from "../company/seed.ts";

/** A release that a push has brought. */
export interface PushedRelease {
  commit: string;
  deploymentId: string;
}

/** Pauses between two questions, in milliseconds. */
const ASK_AGAIN_MS = 50;

const deploymentAnswer = z.object({ id: z.string(), readyState: z.string(), errorMessage: z.string().optional() });
const branchAnswer = z.object({ commit: z.object({ sha: z.string() }) });

/** Pushes a commit with these files to an app's repository, and has it built as Vercel builds a push. */
export async function push(
  context: DrillContext,
  app: LiveApp,
  message: string,
  files: Record<string, string>,
): Promise<PushedRelease> {
  const commit = await commitChange({ ...remoteOf(context, app), message, files });
  return { commit, deploymentId: await build(context, app) };
}

/**
 * Does what Vercel's Git integration does while `work` runs: builds the newest commit of the app's branch whenever it changes
 * (https://vercel.com/docs/git).
 */
export async function whilePushesAreBuilt<T>(context: DrillContext, app: LiveApp, work: () => Promise<T>): Promise<T> {
  const { github } = liveServices(context.file, context.engine.signal);
  const newest = async () =>
    branchAnswer.parse(await github("GET", `/repos/${app.repository}/branches/main`)).commit.sha;
  let [known, isOver] = [await newest(), false];
  const integration = async (): Promise<void> => {
    while (!isOver) {
      await pause(ASK_AGAIN_MS, undefined, { signal: context.engine.signal });
      const now = await newest();
      if (now !== known) await build(context, app);
      known = now;
    }
  };
  const [result] = await Promise.all([work().finally(() => (isOver = true)), integration()]);
  return result;
}

/** Builds the newest commit of the app's branch, with what Vercel says of a push beside it. */
async function build(context: DrillContext, app: LiveApp): Promise<string> {
  const { vercel } = liveServices(context.file, context.engine.signal);
  return await withTemporaryFolder("push", async (folder) => {
    const commit = await copyNewest({ ...remoteOf(context, app), folder });
    const files = await Promise.all((await filesIn(folder)).map((path) => upload(vercel, folder, path)));
    const [githubOrg, githubRepo] = app.repository.split("/");
    const meta = { githubCommitSha: commit, githubCommitRef: "main", githubOrg, githubRepo };
    const wanted = { name: app.project, project: app.project, target: "production", files, meta };
    let now = deploymentAnswer.parse(await vercel("POST", "/v13/deployments", wanted));
    while (now.readyState !== "READY") {
      if (now.readyState === "ERROR") throw new Error(`The push was not built: ${now.errorMessage ?? "no reason"}`);
      await pause(ASK_AGAIN_MS, undefined, { signal: context.engine.signal });
      now = deploymentAnswer.parse(await vercel("GET", `/v13/deployments/${now.id}`));
    }
    return now.id;
  });
}

function remoteOf({ file }: DrillContext, { repository }: LiveApp) {
  return { remoteUrl: repositoryUrlOf(file, repository), token: file.credentials.githubToken };
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.flatMap((entry) =>
    entry.isFile() ? relative(folder, join(entry.parentPath, entry.name)) : [],
  );
  return paths.filter((path) => !path.startsWith(".git/"));
}

async function upload(vercel: AskService, folder: string, file: string) {
  const content = await readFile(join(folder, file));
  const sha = createHash("sha1").update(content).digest("hex");
  await vercel("POST", "/v2/files", content, { "x-vercel-digest": sha, "content-type": "application/octet-stream" });
  return { file, sha, size: content.length };
}

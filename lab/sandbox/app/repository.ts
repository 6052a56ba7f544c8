import { execFile } from "node:child_process";
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { devNull } from "node:os";
import { dirname, join, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { redact, UserError } from "../../../services/common/errors.ts";
import { withTemporaryFolder } from "../../../services/common/temporaryFolder.ts";

const run = promisify(execFile);

/** The folder with the application's files. */
export const APP_FOLDER = fileURLToPath(new URL(".", import.meta.url));
/** The files of the application's repository. */
export const APP_FILES = ["package.json", "server.mjs", "database.mjs", "README.md"] as const;
/** The tag of the first commit, so that a mirror has a tag to keep. */
const FIRST_TAG = "v1.0.0";

/** The repository's address and its token. The token goes into git's environment, never into its arguments or files. */
export interface RemoteRepository {
  remoteUrl: string;
  token: string;
}

/**
 * Creates the application's repository from the files in this folder, and pushes it to an empty remote as branch `main` with one tag.
 * Returns the commit.
 * @throws UserError when git refuses, for instance because the remote already has a `main`.
 */
export async function seedApplicationRepository(options: RemoteRepository & { message?: string }): Promise<string> {
  return withTemporaryFolder("app", async (folder) => {
    const git = gitIn(folder, options.token);
    await git("init", "--quiet", "--initial-branch=main");
    for (const file of APP_FILES) await copyFile(join(APP_FOLDER, file), join(folder, file));
    return commitAndPush(git, options.remoteUrl, options.message ?? "CastChat", [
      "refs/heads/main",
      `refs/tags/${FIRST_TAG}`,
    ]);
  });
}

/**
 * Adds one commit to the repository's `main`: the given files, by path in the repository, or a line in CHANGES.md. Returns the commit.
 * @throws UserError when git refuses, or a path leads out of the repository.
 */
export async function commitChange(
  options: RemoteRepository & { message: string; files?: Record<string, string> },
): Promise<string> {
  return withTemporaryFolder("app", async (folder) => {
    const git = gitIn(folder, options.token);
    await git("clone", "--quiet", "--depth=1", "--branch=main", "--", options.remoteUrl, ".");
    for (const [path, content] of Object.entries(options.files ?? { "CHANGES.md": `${options.message}\n` })) {
      const file = resolve(folder, path);
      if (!file.startsWith(folder + sep))
        throw new UserError(`“${path}” leads out of the repository. Name a file inside of it.`);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, content);
    }
    return commitAndPush(git, options.remoteUrl, options.message, ["refs/heads/main"]);
  });
}

/** Copies the newest commit of the repository's `main` into an empty folder. Returns the commit. */
export async function copyNewest({ remoteUrl, token, folder }: RemoteRepository & { folder: string }): Promise<string> {
  const git = gitIn(folder, token);
  await git("clone", "--quiet", "--depth=1", "--branch=main", "--", remoteUrl, ".");
  return git("rev-parse", "HEAD");
}

type Git = (...args: string[]) => Promise<string>;

async function commitAndPush(git: Git, remoteUrl: string, message: string, refs: string[]): Promise<string> {
  await git("add", "--all");
  // Commit even if nothing changes, because the caller measures a new commit.
  await git("commit", "--quiet", "--allow-empty", `--message=${message}`);
  for (const tag of refs.filter((ref) => ref.startsWith("refs/tags/")))
    await git("tag", tag.slice("refs/tags/".length));
  await git("push", "--quiet", "--", remoteUrl, ...refs.map((ref) => `${ref}:${ref}`));
  return git("rev-parse", "HEAD");
}

function gitIn(folder: string, token: string): Git {
  const credentials = Buffer.from(`x-access-token:${token}`).toString("base64");
  const environment = {
    PATH: process.env["PATH"],
    HOME: folder,
    // Ignores the user's own settings (signing, hooks, credential helpers), and never waits for an answer.
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: devNull,
    GIT_TERMINAL_PROMPT: "0",
    GIT_AUTHOR_NAME: "CastChat",
    GIT_AUTHOR_EMAIL: "engineering@castchat.example",
    GIT_COMMITTER_NAME: "CastChat",
    GIT_COMMITTER_EMAIL: "engineering@castchat.example",
    GIT_CONFIG_COUNT: "1",
    GIT_CONFIG_KEY_0: "http.extraHeader",
    GIT_CONFIG_VALUE_0: `Authorization: Basic ${credentials}`,
  };
  return async (...args) => {
    try {
      const { stdout } = await run("git", args, { cwd: folder, env: environment, timeout: 60_000 });
      return stdout.trim();
    } catch (error) {
      const { stderr, message } = error as Error & { stderr?: string };
      const reason = stderr === undefined || stderr.trim() === "" ? message : stderr.trim();
      throw new UserError(`git ${args[0] ?? ""} of the application's repository failed: ${redact(reason)}`);
    }
  };
}

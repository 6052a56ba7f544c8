import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

import type { MiniCloud } from "./miniCloud.ts";

/** Serves its health, commit and deployment from its environment; `ILL` makes it unhealthy. */
export const TINY_SERVER = `
import { createServer } from "node:http";
const { ILL, CASTCHAT_COMMIT_SHA: commit, VERCEL_DEPLOYMENT_ID: deployment } = process.env;
createServer((request, response) => {
  response.writeHead(ILL ? 503 : 200, { "content-type": "application/json" });
  response.end(JSON.stringify({ status: ILL ? "error" : "ok", commit, deployment }));
}).listen(Number(process.env.PORT), process.env.HOST ?? "127.0.0.1");
`;

/** Commits files on top of a repository's branch main and pushes them. Creates the repository if it does not exist. Returns the commit. */
export async function commitFiles(cloud: MiniCloud, fullName: string, files: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "castchat-tiny-"));
  const [owner, name] = fullName.split("/");
  const header = `http.extraHeader=Authorization: Basic ${Buffer.from(`x:${cloud.credentials.githubToken}`).toString("base64")}`;
  const identity = ["-c", header, "-c", "user.name=t", "-c", "user.email=t@example.org"];
  // The server is in this very process: only asynchronous children may speak to it.
  const git = async (...args: string[]) =>
    (await promisify(execFile)("git", [...identity, ...args], { cwd: folder })).stdout.trim();
  try {
    const exists = await cloud.call("github", "GET", `/api/v3/repos/${fullName}`).then(
      () => true,
      () => false,
    );
    if (exists) await git("clone", "-q", cloud.repository(fullName), ".");
    else {
      await cloud.call("github", "POST", `/api/v3/orgs/${owner ?? ""}/repos`, { name, private: true });
      await git("init", "-q", "-b", "main");
    }
    for (const [file, content] of Object.entries(files)) {
      await mkdir(dirname(join(folder, file)), { recursive: true });
      await writeFile(join(folder, file), content);
    }
    await git("add", "-A");
    await git("commit", "-q", "--allow-empty", "-m", "change");
    await git("push", "-q", cloud.repository(fullName), "HEAD:refs/heads/main");
    return await git("rev-parse", "HEAD");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Creates a Vercel project, and returns its id. */
export async function makeProject(
  cloud: MiniCloud,
  name: string,
  variables: Record<string, string> = {},
): Promise<string> {
  const production = { type: "encrypted", target: ["production"] };
  const environmentVariables = Object.entries(variables).map(([key, value]) => ({ key, value, ...production }));
  return String((await cloud.call("vercel", "POST", "/v11/projects", { name, environmentVariables }))["id"]);
}

/** Sets a production environment variable of a project. */
export async function setVariable(cloud: MiniCloud, projectId: string, key: string, value: string): Promise<void> {
  const body = { key, value, type: "encrypted", target: ["production"] };
  await cloud.call("vercel", "POST", `/v10/projects/${projectId}/env?upsert=true`, body);
}

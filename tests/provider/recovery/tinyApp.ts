import { commitChange } from "../../../lab/sandbox/app/repository.ts";
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

/** Commits files on top of a repository's branch main. Creates the repository, with a first commit, if it does not exist. Returns the commit. */
export async function commitFiles(cloud: MiniCloud, fullName: string, files: Record<string, string>): Promise<string> {
  const [owner = "", name] = fullName.split("/");
  const exists = await cloud.codeHost.exportRepository(fullName);
  if (exists === undefined)
    await cloud.call("github", "POST", `/api/v3/orgs/${owner}/repos`, { name, private: true, auto_init: true });
  const repository = { remoteUrl: cloud.repository(fullName), token: cloud.credentials.githubToken };
  return await commitChange({ ...repository, message: "change", files });
}

/** Creates a Vercel project that runs Node programs, and returns its id. */
export async function makeProject(
  cloud: MiniCloud,
  name: string,
  variables: Record<string, string> = {},
  team: "vercel" | "otherTeam" = "vercel",
): Promise<string> {
  const production = { type: "encrypted", target: ["production"] };
  const environmentVariables = Object.entries(variables).map(([key, value]) => ({ key, value, ...production }));
  const project = { name, framework: "node", environmentVariables };
  return String((await cloud.call(team, "POST", "/v11/projects", project))["id"]);
}

/** Sets a production environment variable of a project. */
export async function setVariable(cloud: MiniCloud, projectId: string, key: string, value: string): Promise<void> {
  const body = { key, value, type: "encrypted", target: ["production"] };
  await cloud.call("vercel", "POST", `/v10/projects/${projectId}/env?upsert=true`, body);
}

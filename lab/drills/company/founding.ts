import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

import { z } from "zod";

import type { Reporter } from "../../../services/common/reporter.ts";
import { APP_FILES, APP_FOLDER, commitChange } from "../../sandbox/app/repository.ts";
import { addressOf, type SandboxFile, SUPABASE_REGION } from "../../sandbox/host/layout.ts";
import { SANDBOX_NAMES } from "../../sandbox/workspace.ts";
import { LIVE_APPS, LIVE_RECORDS, LIVE_VARIABLES, type LiveApp } from "./liveNames.ts";
import { type AskService, type LiveServices, liveServices } from "./liveServices.ts";
import { projectPlace } from "./projectContent.ts";
import { createRepository, fillDatabase, fillProjectContent, repositoryUrlOf } from "./seed.ts";

/** The database of the company that runs before the recovery stack is there. */
export interface LiveDatabase {
  supabaseRef: string;
  /** Address of the session pooler, with the password. */
  databaseUrl: string;
}

/** The password that the founders chose. */
const PASSWORD = "the-founders-own-password";
/** Its name is not the one that the recovery stack would choose. */
const PROJECT_NAME = "CastChat live";
/** A workflow that GitHub also starts by itself, in every copy of the repository whose Actions are on. */
const WORKFLOW = `name: CI
on:
  push:
  schedule:
    - cron: "0 3 * * *"
jobs:
  check:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: npm ci && npm test
`;
/** Pauses between two questions, in milliseconds. */
const ASK_AGAIN_MS = 50;

const projectAnswer = z.object({ id: z.string() });
const healthAnswer = z.array(z.object({ healthy: z.boolean() }));
const poolerAnswer = z.array(
  z.object({
    pool_mode: z.string(),
    db_user: z.string(),
    db_host: z.string(),
    db_port: z.number(),
    db_name: z.string(),
  }),
);
const keysAnswer = z.array(z.object({ name: z.string(), api_key: z.string() }));
const deploymentAnswer = z.object({ id: z.string(), readyState: z.string(), errorMessage: z.string().optional() });
const resultAnswer = z.object({ result: projectAnswer });

/**
 * Makes the database of CastChat as its founders did: by Supabase's own API, with a name and a password of their own, and fills it with
 * rows and content.
 */
export async function foundDatabase(
  file: SandboxFile,
  rows: number,
  say: Reporter,
  signal?: AbortSignal,
): Promise<LiveDatabase> {
  const { supabase } = liveServices(file, signal);
  const made = await supabase("POST", "/projects", {
    name: PROJECT_NAME,
    organization_slug: SANDBOX_NAMES.supabaseOrganization,
    db_pass: PASSWORD,
    region_selection: { type: "specific", code: SUPABASE_REGION.primary },
  });
  const ref = projectAnswer.parse(made).id;
  say("a new project");
  const health = `/projects/${ref}/health?services=db&services=auth&services=storage&services=rest`;
  while (!healthAnswer.parse(await supabase("GET", health)).every(({ healthy }) => healthy))
    await pause(ASK_AGAIN_MS, undefined, { signal });
  const databaseUrl = await poolerUrl(supabase, ref, "session");
  await fillDatabase(databaseUrl, rows, say, signal);
  await fillProjectContent(projectPlace({ file }, { supabaseRef: ref, databaseUrl }), say, signal);
  return { supabaseRef: ref, databaseUrl };
}

/** The address of a project's pooler in one of its modes, with the password. */
async function poolerUrl(supabase: AskService, ref: string, mode: "session" | "transaction"): Promise<string> {
  const poolers = poolerAnswer.parse(await supabase("GET", `/projects/${ref}/config/database/pooler`));
  const pooler = poolers.find(({ pool_mode }) => pool_mode === mode);
  if (pooler === undefined) throw new Error(`Supabase lists no pooler of the new project in ${mode} mode.`);
  const { db_user: user, db_host: host, db_port: port, db_name: name } = pooler;
  return `postgresql://${user}:${PASSWORD}@${host}:${port}/${name}`;
}

/** Makes the repositories, the DNS zone and the apps of CastChat, by each service's own API, and deploys the apps. */
export async function foundSite(
  file: SandboxFile,
  database: LiveDatabase,
  say: Reporter,
  signal?: AbortSignal,
): Promise<void> {
  const services = liveServices(file, signal);
  for (const { repository } of LIVE_APPS) await foundRepository(file, repository, signal);
  await foundZone(services.cloudflare);
  const variables = await variablesOf(file, services, database);
  for (const app of LIVE_APPS) {
    say(app.project);
    await foundApp(services.vercel, app, variables, signal);
  }
}

async function foundRepository(file: SandboxFile, repository: string, signal?: AbortSignal): Promise<void> {
  await createRepository(file, signal, repository);
  await commitChange({
    remoteUrl: repositoryUrlOf(file, repository),
    token: file.credentials.githubToken,
    message: "Check each push, and clean up each night",
    files: { ".github/workflows/ci.yml": WORKFLOW },
  });
}

async function foundZone(cloudflare: AskService): Promise<void> {
  const account = { id: SANDBOX_NAMES.cloudflareAccount };
  const zone = resultAnswer.parse(await cloudflare("POST", "/zones", { name: SANDBOX_NAMES.zone, account })).result;
  const names = LIVE_APPS.map(({ publicName, isProxied = false }) => {
    return { type: "CNAME", name: publicName, content: "cname.vercel-dns.com", ttl: 1, proxied: isProxied };
  });
  for (const record of [...names, ...LIVE_RECORDS]) await cloudflare("POST", `/zones/${zone.id}/dns_records`, record);
}

/** Each app's variables: those of its database, which functions reach in transaction mode, and its own. */
async function variablesOf(file: SandboxFile, { supabase }: LiveServices, { supabaseRef }: LiveDatabase) {
  const keys = keysAnswer.parse(await supabase("GET", `/projects/${supabaseRef}/api-keys?reveal=true`));
  const anonKey = keys.find(({ name }) => name === "anon")?.api_key ?? "";
  return [
    { key: "DATABASE_URL", value: await poolerUrl(supabase, supabaseRef, "transaction"), type: "sensitive" },
    { key: "SUPABASE_URL", value: `${addressOf(file.ports, "supabase")}/projects/${supabaseRef}`, type: "encrypted" },
    { key: "SUPABASE_ANON_KEY", value: anonKey, type: "encrypted" },
    ...LIVE_VARIABLES,
  ].map((one) => ({ ...one, target: ["production", "preview"] }));
}

async function foundApp(
  vercel: AskService,
  { project, repository, publicName, build }: LiveApp,
  variables: readonly object[],
  signal?: AbortSignal,
): Promise<void> {
  const gitRepository = { type: "github", repo: repository };
  await vercel("POST", "/v11/projects", { name: project, gitRepository });
  await vercel("PATCH", `/v9/projects/${project}`, { autoExposeSystemEnvs: true, gitForkProtection: false, ...build });
  await vercel("POST", `/v10/projects/${project}/env`, variables);
  await vercel("POST", `/v10/projects/${project}/domains`, { name: publicName });
  const files = await Promise.all(APP_FILES.map((name) => upload(vercel, name)));
  const started = await vercel("POST", "/v13/deployments", { name: project, project, target: "production", files });
  for (let now = deploymentAnswer.parse(started); now.readyState !== "READY";) {
    if (now.readyState === "ERROR")
      throw new Error(`${project} was not built: ${now.errorMessage ?? "without a reason"}`);
    await pause(ASK_AGAIN_MS, undefined, { signal });
    now = deploymentAnswer.parse(await vercel("GET", `/v13/deployments/${now.id}`));
  }
}

async function upload(vercel: AskService, file: string) {
  const content = await readFile(join(APP_FOLDER, file));
  const sha = createHash("sha1").update(content).digest("hex");
  await vercel("POST", "/v2/files", content, { "x-vercel-digest": sha, "content-type": "application/octet-stream" });
  return { file, sha, size: content.length };
}

import { z } from "zod";

import { pulumiClient } from "../../../recovery/pulumi/pulumi.ts";
import { UserError } from "../../../services/common/errors.ts";
import type { Reporter } from "../../../services/common/reporter.ts";
import { seedApplicationRepository } from "../../sandbox/app/repository.ts";
import { sandboxStatus } from "../../sandbox/control.ts";
import { addressOf, type SandboxFile } from "../../sandbox/host/layout.ts";
import { applySchema, fill, sampleIn } from "../../sandbox/sample/database.ts";
import { demoUser } from "../../sandbox/sample/demoUser.ts";
import { fillProject, isProjectFilled } from "../../sandbox/sample/projectContent.ts";
import type { ProjectPlace } from "../../sandbox/sample/projectPlace.ts";
import { SANDBOX_NAMES } from "../../sandbox/workspace.ts";
import { castchatRecovery } from "../stage/commandLine.ts";
import type { EngineOptions } from "../stage/stacks.ts";
import { projectPlace } from "./projectContent.ts";

/** The sandbox to seed, and how much. */
export interface SeedOptions {
  home: string;
  file: SandboxFile;
  engine: EngineOptions;
  /** Posts in the sample database; the number of other rows follows from it. */
  rows: number;
  reporter: Reporter;
}

/** What a sandbox holds after a seed. */
export interface Seeded {
  repository: string;
  /** Whether this run brought the part; false if it was there already. */
  filled: { database: boolean; project: boolean };
  /** The refs in the standby's mirror; undefined while the standby is not up. */
  mirroredRefs: number | undefined;
  /** An account of the app. */
  login: { email: string; password: string };
  /** Asks the app for its health under its public name. */
  visit: string;
}

/** Address of the app's repository in a sandbox. */
export function repositoryUrlOf({ ports }: SandboxFile, repository: string = SANDBOX_NAMES.repository): string {
  return `${addressOf(ports, "github")}/${repository}.git`;
}

/**
 * Brings CastChat's content into a running sandbox: the app's repository, rows, accounts, storage objects, an edge function and auth
 * settings of the primary, and the code in the standby's mirror. What is there already stays as it is, so that it can be repeated and
 * interrupted.
 *
 * @throws UserError if the primary is not up, or its database is not one of this sandbox's
 */
export async function seedCompany(options: SeedOptions): Promise<Seeded> {
  const { file, engine, reporter } = options;
  reporter("the app's repository");
  await createRepository(file, engine.signal);
  const place = await primaryOf(options);
  const filled = { database: false, project: false };
  const before = await sampleIn(place.databaseUrl);
  if (before !== "rows") {
    await fillDatabase(place.databaseUrl, options.rows, reporter, engine.signal);
    filled.database = true;
  }
  if (!(await isProjectFilled(place, engine.signal))) {
    await fillProjectContent(place, reporter, engine.signal);
    filled.project = true;
  }
  const { email, password } = demoUser(1);
  return {
    repository: repositoryUrlOf(file),
    filled,
    mirroredRefs: await mirrorCode(engine, reporter),
    login: { email, password },
    visit: `curl -H 'Host: ${SANDBOX_NAMES.publicName}' ${addressOf(file.ports, "edge")}/api/health`,
  };
}

/** Creates an app's repository with its code, unless it is there: it is older than the recovery stack. */
export async function createRepository(
  file: SandboxFile,
  signal?: AbortSignal,
  repository: string = SANDBOX_NAMES.repository,
): Promise<void> {
  const api = `${addressOf(file.ports, "github")}/api/v3`;
  const headers = { authorization: `Bearer ${file.credentials.githubToken}`, "content-type": "application/json" };
  const ask = (path: string, body?: object): Promise<Response> =>
    fetch(`${api}/${path}`, {
      headers,
      ...(signal && { signal }),
      ...(body && { method: "POST", body: JSON.stringify(body) }),
    });
  if ((await ask(`repos/${repository}/branches/main`)).ok) return;
  const [owner = "", name = ""] = repository.split("/");
  // An interrupted run has made the repository, but pushed no code.
  if (!(await ask(`repos/${repository}`)).ok) {
    const answer = await ask(`orgs/${owner}/repos`, { name, private: true });
    if (!answer.ok) throw new Error(`GitHub refused to create ${repository}: ${answer.status} ${await answer.text()}`);
  }
  await seedApplicationRepository({
    remoteUrl: repositoryUrlOf(file, repository),
    token: file.credentials.githubToken,
  });
}

/** Fills a new project's database, or one whose fill was interrupted. */
export async function fillDatabase(url: string, rows: number, say: Reporter, signal?: AbortSignal): Promise<void> {
  if ((await sampleIn(url)) === "nothing") await applySchema(url);
  await fill(url, {
    rows,
    onProgress: ({ table, done, total }) => say(`${table}, ${Math.round((100 * done) / total)} %`),
    ...(signal && { signal }),
  });
}

/** Brings in a project's content beside its rows. */
export async function fillProjectContent(place: ProjectPlace, say: Reporter, signal?: AbortSignal): Promise<void> {
  const content = await fillProject(place, signal);
  say(`${content.storageObjects} objects, ${(content.storageBytes / 1e6).toFixed(1)} MB`);
}

const outputsSchema = z.object({
  supabaseRef: z.string().optional(),
  databaseUrl: z.string().optional(),
  mirrorUrl: z.string().optional(),
});

const outputsOf = async (stack: string, { workspace, environment, signal }: EngineOptions) =>
  outputsSchema.parse(await pulumiClient({ stack, workspace, environment, ...(signal && { signal }) }).outputs());

/** The primary's project. UserError unless it runs in this sandbox: nothing else is ever filled. */
async function primaryOf({ home, file, engine }: SeedOptions): Promise<ProjectPlace> {
  const { supabaseRef, databaseUrl } = await outputsOf("prod", engine);
  if (supabaseRef === undefined || databaseUrl === undefined)
    throw new UserError(
      "The sandbox's stack prod has no database yet. In `make shell`, run `pulumi up -s prod`, then this command again.",
    );
  const { databases } = await sandboxStatus({ home });
  if (!databases.includes(supabaseRef))
    throw new UserError(
      `Stack prod has the database ${supabaseRef}, which does not run in this sandbox. Nothing was filled. Run \`castchat-recovery sandbox reset\`, and begin again.`,
    );
  return projectPlace({ file }, { supabaseRef, databaseUrl });
}

/** Runs the mirror as a push would. */
async function mirrorCode(engine: EngineOptions, reporter: Reporter): Promise<number | undefined> {
  if ((await outputsOf("dr", engine)).mirrorUrl === undefined) return undefined;
  reporter("the code's mirror");
  const answer = await castchatRecovery(["mirror", "--stack", "dr"], engine);
  const { mirrors } = z.object({ mirrors: z.array(z.object({ refs: z.number() })) }).parse(answer);
  return mirrors.reduce((sum, { refs }) => sum + refs, 0);
}

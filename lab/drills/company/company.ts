import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { z } from "zod";

import { type MadeBy, readMadeBy } from "../../../cli/html/madeBy.ts";
import { commitChange, seedApplicationRepository } from "../../sandbox/app/repository.ts";
import { addressOf } from "../../sandbox/host/layout.ts";
import { applySchema, fill } from "../../sandbox/sample/database.ts";
import { fillProject } from "../../sandbox/sample/projectContent.ts";
import { SANDBOX_NAMES } from "../../sandbox/workspace.ts";
import { castchatRecovery } from "../stage/commandLine.ts";
import { openStack, up } from "../stage/stacks.ts";
import type { StepRecord } from "../stage/steps.ts";
import type { DrillContext } from "./context.ts";
import { type DatabaseSize, databaseSize, serverVersion } from "./database.ts";
import { projectPlace } from "./projectContent.ts";

/** The outputs of a deployed stack that the drill uses. */
const runningOutputs = z.object({
  vaultBucket: z.string(),
  signingPublicKey: z.string(),
  databaseUrl: z.string(),
  supabaseRef: z.string(),
});
const standbyOutputs = z.object({
  vaultBucket: z.string(),
  vaultBucketArn: z.string(),
  vaultKeyArn: z.string(),
  mirrorUrl: z.string(),
});

/** CastChat before the loss. */
export interface Company {
  standby: Stack;
  primary: Stack;
  primaryOutputs: z.infer<typeof runningOutputs>;
  standbyOutputs: z.infer<typeof standbyOutputs>;
  repositoryUrl: string;
  size: DatabaseSize;
  /** Program, machine and versions, for the reports. */
  madeBy: MadeBy;
  /** The steps that built it, including the sandbox's start. */
  steps: readonly StepRecord[];
}

/**
 * Builds CastChat from nothing, in the order for real accounts: the app's repository, the standby, the primary that replicates into it, and
 * the data.
 */
export async function buildCompany(context: DrillContext): Promise<Company> {
  const { steps, engine, clock, file } = context;
  const repositoryUrl = `${addressOf(file.ports, "github")}/${SANDBOX_NAMES.repository}.git`;
  await steps.run("Create the app's repository", () => createRepository(context, repositoryUrl));

  const standby = await openStack("dr", engine);
  const ready = await steps.run("pulumi up dr (standby)", () => up(standby, engine, clock));
  const standbySide = standbyOutputs.parse(ready.outputs);
  await steps.run("Mirror the code", () => castchatRecovery(["mirror", "--stack", "dr"], engine));

  const primary = await openStack("prod", engine);
  await primary.setAllConfig({
    "castchat-recovery:standbyVaultBucketArn": { value: standbySide.vaultBucketArn },
    "castchat-recovery:standbyVaultKeyArn": { value: standbySide.vaultKeyArn },
  });
  await primary.removeConfig("castchat-recovery:standbyVault");
  const running = await steps.run("pulumi up prod", () => up(primary, engine, clock));
  const primarySide = runningOutputs.parse(running.outputs);
  // The standby trusts only this writer's backups. It holds the key itself, because the primary's region may be gone.
  await standby.setConfig("castchat-recovery:trustedWriterKeys[0]", { value: primarySide.signingPublicKey }, true);

  await steps.run("Fill the database", async (say) => {
    await applySchema(primarySide.databaseUrl);
    await fill(primarySide.databaseUrl, {
      rows: context.rows,
      onProgress: ({ table, done, total }) => say(`${table}, ${Math.round((100 * done) / total)} %`),
      ...(engine.signal ? { signal: engine.signal } : {}),
    });
  });
  await steps.run("Upload storage objects, deploy a function, set up auth", async (say) => {
    const content = await fillProject(projectPlace(context, primarySide), engine.signal);
    say(`${content.storageObjects} objects, ${(content.storageBytes / 1e6).toFixed(1)} MB`);
  });
  const size = await databaseSize(primarySide.databaseUrl);
  return {
    standby,
    primary,
    primaryOutputs: primarySide,
    standbyOutputs: standbySide,
    repositoryUrl,
    size,
    madeBy: await readMadeBy(await serverVersion(primarySide.databaseUrl)),
    steps: [...steps.records],
  };
}

/** The app's repository is older than the recovery stack, so GitHub's API creates it, and git pushes the code. */
async function createRepository({ file }: DrillContext, repositoryUrl: string): Promise<void> {
  const [owner, name] = SANDBOX_NAMES.repository.split("/");
  const answer = await fetch(`${addressOf(file.ports, "github")}/api/v3/orgs/${String(owner)}/repos`, {
    method: "POST",
    headers: { authorization: `Bearer ${file.credentials.githubToken}`, "content-type": "application/json" },
    body: JSON.stringify({ name, private: true }),
  });
  if (!answer.ok)
    throw new Error(`GitHub refused to create ${SANDBOX_NAMES.repository}: ${answer.status} ${await answer.text()}`);
  await seedApplicationRepository({ remoteUrl: repositoryUrl, token: file.credentials.githubToken });
}

/** Pushes one more commit, and runs the mirror, as a team's CI would: the stack schedules no mirror. Returns the new commit. */
export async function changeCode(context: DrillContext, company: Company): Promise<string> {
  const { steps, engine, file } = context;
  return steps.run("Push a commit and mirror it", async (say) => {
    const commit = await commitChange({
      remoteUrl: company.repositoryUrl,
      token: file.credentials.githubToken,
      message: "A change shortly before the loss",
    });
    say(`commit ${commit.slice(0, 8)}`);
    await castchatRecovery(["mirror", "--stack", "dr"], engine);
    return commit;
  });
}

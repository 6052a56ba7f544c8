import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { z } from "zod";

import { readMadeBy } from "../../../cli/html/madeBy.ts";
import type { MadeBy } from "../../../planning/madeBy.ts";
import { commitChange } from "../../sandbox/app/repository.ts";
import { castchatRecovery } from "../stage/commandLine.ts";
import { openStack, up } from "../stage/stacks.ts";
import type { StepRecord } from "../stage/steps.ts";
import type { DrillContext } from "./context.ts";
import { type DatabaseSize, databaseSize, serverVersion } from "./database.ts";
import { projectPlace } from "./projectContent.ts";
import { createRepository, fillDatabase, fillProjectContent, repositoryUrlOf } from "./seed.ts";

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
  await steps.run("Create the app's repository", () => createRepository(file));

  const standby = await openStack("dr", engine);
  const ready = await steps.run("pulumi up dr (standby)", () => up(standby, engine, clock));
  const standbySide = standbyOutputs.parse(ready.outputs);
  await steps.run("Mirror the code", () => castchatRecovery(["mirror", "--stack", "dr"], engine));

  const primary = await openStack("prod", engine);
  await primary.setAllConfig({
    "castchat-recovery:standbyVaultBucketArn": { value: standbySide.vaultBucketArn },
    "castchat-recovery:standbyVaultKeyArn": { value: standbySide.vaultKeyArn },
  });
  const running = await steps.run("pulumi up prod", () => up(primary, engine, clock));
  const primarySide = runningOutputs.parse(running.outputs);
  // The standby trusts only this writer's backups. It holds the key itself, because the primary's region may be gone.
  await standby.setConfig("castchat-recovery:trustedWriterKeys[0]", { value: primarySide.signingPublicKey }, true);

  await steps.run("Fill the database", (say) =>
    fillDatabase(primarySide.databaseUrl, context.rows, say, engine.signal),
  );
  await steps.run("Upload storage objects, deploy a function, set up auth", (say) =>
    fillProjectContent(projectPlace(context, primarySide), say, engine.signal),
  );
  const size = await databaseSize(primarySide.databaseUrl);
  return {
    standby,
    primary,
    primaryOutputs: primarySide,
    standbyOutputs: standbySide,
    repositoryUrl: repositoryUrlOf(file),
    size,
    madeBy: await readMadeBy(await serverVersion(primarySide.databaseUrl)),
    steps: [...steps.records],
  };
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

import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { z } from "zod";

import { readMadeBy } from "../../../cli/html/madeBy.ts";
import type { MadeBy } from "../../../planning/madeBy.ts";
import { commitChange } from "../../sandbox/app/repository.ts";
import type { Check } from "../report/report.ts";
import { castchatRecovery } from "../stage/commandLine.ts";
import { openStack, up } from "../stage/stacks.ts";
import type { StepRecord } from "../stage/steps.ts";
import type { DrillContext } from "./context.ts";
import { type DatabaseSize, databaseSize, serverVersion } from "./database.ts";
import { foundDatabase, foundSite } from "./founding.ts";
import { LIVE_APPS } from "./liveNames.ts";
import { changedParts, fingerprintOf, type LiveSite, readLiveSite } from "./liveSite.ts";
import { repositoryUrlOf } from "./seed.ts";
import { manageLiveSite, nameLiveSite } from "./stackFiles.ts";

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
  size: DatabaseSize;
  /** Whether the first day and the adoption have left the site as it was. */
  siteChecks: readonly Check[];
  /** Program, machine and versions, for the reports. */
  madeBy: MadeBy;
  /** The steps that built it, including the sandbox's start. */
  steps: readonly StepRecord[];
}

/**
 * Builds CastChat as its founders did, before the recovery stack is there: database, apps, zone, repositories. Then the stacks' first day,
 * in the order for real accounts: the standby, the primary that replicates into it, the standby's trust. Then `adopt` brings apps and zone
 * under Pulumi. The site that runs is compared before and after each.
 *
 * @throws PromiseError when a step fails
 */
export async function buildCompany(context: DrillContext): Promise<Company> {
  const { steps, engine, clock, file, rows } = context;
  const live = await steps.run("CastChat's founders make its database", (say) =>
    foundDatabase(file, rows, say, engine.signal),
  );
  await steps.run("… its repositories, zone and apps", (say) => foundSite(file, live, say, engine.signal));
  const before = await steps.run("Read all that runs", () => readLiveSite(file, live, engine.signal));

  await nameLiveSite(engine.workspace, live);
  const standby = await openStack("dr", engine);
  await standby.setConfig("castchat-recovery:peerDatabaseUrl", { value: live.databaseUrl, secret: true });
  const ready = await steps.run("pulumi up dr (standby)", () => up(standby, engine, clock));
  const standbySide = standbyOutputs.parse(ready.outputs);
  await steps.run("Mirror the code", () => castchatRecovery(["mirror", "--stack", "dr"], engine));

  const primary = await openStack("prod", engine);
  await primary.setAllConfig({
    "castchat-recovery:databaseUrl": { value: live.databaseUrl, secret: true },
    "castchat-recovery:standbyVaultBucketArn": { value: standbySide.vaultBucketArn },
    "castchat-recovery:standbyVaultKeyArn": { value: standbySide.vaultKeyArn },
  });
  const running = await steps.run("pulumi up prod", () => up(primary, engine, clock));
  const primarySide = runningOutputs.parse(running.outputs);
  // The standby trusts only this writer's backups. It holds the key itself, because the primary's region may be gone.
  await standby.setConfig("castchat-recovery:trustedWriterKeys[0]", { value: primarySide.signingPublicKey }, true);

  const afterFirstDay = await steps.run("Read it again", () => readLiveSite(file, live, engine.signal));

  await manageLiveSite(engine.workspace);
  await steps.run("Adopt the apps and the zone", () => castchatRecovery(["adopt", "--stack", "prod", "--yes"], engine));
  const afterAdoption = await steps.run("Read it once more", () => readLiveSite(file, live, engine.signal));
  return {
    standby,
    primary,
    primaryOutputs: primarySide,
    standbyOutputs: standbySide,
    size: await databaseSize(live.databaseUrl),
    siteChecks: [
      sameSite("the stacks' first day has changed nothing of the company that runs", before, afterFirstDay),
      sameSite("the adoption of apps and zone has changed nothing of them", before, afterAdoption),
    ],
    madeBy: await readMadeBy(await serverVersion(live.databaseUrl)),
    steps: [...steps.records],
  };
}

function sameSite(name: string, before: LiveSite, after: LiveSite): Check {
  const changed = changedParts(before, after);
  return {
    name,
    ok: changed.length === 0,
    detail:
      changed.length === 0
        ? `${Object.keys(after).length} parts byte for byte the same, with every row (${fingerprintOf(after)})`
        : `changed: ${changed.join(", ")}`,
  };
}

/**
 * Pushes one more commit to each repository, and runs the mirror, as a team's CI would: the stack schedules no mirror. Returns the new commit
 * of each app's public name.
 */
export async function changeCode({ steps, engine, file }: DrillContext): Promise<ReadonlyMap<string, string>> {
  return steps.run("Push a commit to each repository and mirror it", async (say) => {
    const commits = new Map<string, string>();
    for (const { repository, publicName } of LIVE_APPS) {
      const commit = await commitChange({
        remoteUrl: repositoryUrlOf(file, repository),
        token: file.credentials.githubToken,
        message: "A change shortly before the loss",
      });
      say(`commit ${commit.slice(0, 8)}`);
      commits.set(publicName, commit);
    }
    await castchatRecovery(["mirror", "--stack", "dr"], engine);
    return commits;
  });
}

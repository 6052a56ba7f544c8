import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";

import { applySchema, fill } from "../../../lab/sandbox/sample/database.ts";
import { TIERS } from "../../../planning/tiers.ts";
import { backup } from "../../../recovery/backup/backup.ts";
import { readRestoreMarker } from "../../../recovery/restore/run/restoreMarker.ts";
import { systemClock } from "../../../services/common/clock.ts";
import { silent } from "../../../services/common/reporter.ts";
import type { Vault } from "../../../services/vault/vault.ts";
import { startTestCloud, type TestCloud } from "../../recovery/support/cloud.ts";
import { contentOf, runSql } from "../../recovery/support/sample.ts";
import { startTestDatabase, type TestDatabase } from "../../support/postgres.ts";
import { type Declared, prepareStack } from "./engine.ts";
import { type MiniCloud, startMiniCloud } from "./miniCloud.ts";

jest.setTimeout(180_000);
const REFRESH = ["refresh", "--yes", "--skip-preview"];
const PASSWORD = "the-target-s-own-password";
let cloud: MiniCloud;
let aws: TestCloud;
let source: TestDatabase;
let vault: Vault;
let writerKey: string;
let backupId: string;
let damagedId: string;

beforeAll(async () => {
  [cloud, aws, source] = await Promise.all([startMiniCloud(), startTestCloud(), startTestDatabase()]);
  vault = await aws.newVault();
  const signer = await aws.newSigner();
  writerKey = await signer.publicKeyPem();
  await applySchema(source.url);
  await fill(source.url, { rows: 40 });
  const running = { clock: systemClock, reporter: silent };
  ({ backupId } = await backup({ databaseUrl: source.url, vault, signer, tiers: TIERS, ...running }));
  // Newer, and unreadable: it is passed over, and every run reports that, also one that continues.
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  damagedId = `${new Date().toISOString().replaceAll(/[-:]|\.\d+/g, "")}-0badc0`;
  for (const object of ["manifest.json", "manifest.sig"])
    await vault.put(`daily/${damagedId}/${object}`, Buffer.from("{}"));
});
afterAll(() => Promise.all([cloud.stop(), aws.stop(), source.stop()]));

const declared = (change: Record<string, unknown> = {}): Declared[] => [
  {
    type: "SupabaseProject",
    name: "database",
    inputs: {
      name: "castchat-dr-g1",
      organization: "castchat",
      region: "ap-northeast-2",
      initialPassword: PASSWORD,
      deletionProtection: true,
    },
  },
  {
    type: "DatabaseRestore",
    name: "restore",
    inputs: {
      connectionString: { from: ["database", "connectionString"] },
      vaultBucket: vault.name,
      trustedWriterKeys: [writerKey],
      generation: 1,
      ...change,
    },
  },
];

/** The target's connection string, once there is a target. */
async function targetUrl(): Promise<string | undefined> {
  const [project] = await cloud.databaseHost.projects();
  if (project?.status !== "ACTIVE_HEALTHY") return undefined;
  const { host, port } = await cloud.databaseHost.sessionAddress(project.ref);
  return `postgresql://postgres:${PASSWORD}@${host}:${port}/postgres`;
}

describe("a restore under the engine", () => {
  it("continues after kill -9, is not repeated, refuses another backup, and is gone only when its database is", async () => {
    const stack = await prepareStack(cloud, aws);
    await stack.declare(declared());
    const first = stack.start("up", "--yes", "--skip-preview");
    let url: string | undefined;
    // In the middle of its work: something is in the target, and not everything.
    for (;;) {
      url ??= await targetUrl();
      const phase = url === undefined ? undefined : (await readRestoreMarker(url).catch(() => undefined))?.phase;
      if (phase !== undefined && phase !== "claim") break;
      if (first.child.exitCode !== null) throw new Error(first.text());
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    first.child.kill("SIGKILL");
    await first.ended;
    const begun = await readRestoreMarker(url!);
    expect(begun?.phase).not.toBe("finished");

    await stack.must("cancel", "--yes");
    const resumed = await stack.up();
    expect(resumed).not.toContain(PASSWORD);
    const { notes, ...restored } = (await stack.state("restore")) as { notes: string[] };
    expect(restored).toMatchObject({ restoreId: begun?.restoreId, backupId, posts: 40 });
    expect(notes).toContainEqual(expect.stringContaining(`Backup ${damagedId} of`));
    // They stay on the terminal, and in the vault.
    const said = resumed.slice(resumed.indexOf("Diagnostics:")).replaceAll(/\s+/g, " ");
    for (const note of notes) expect(said).toContain(`warning: ${note.replaceAll(/\s+/g, " ")}`);
    const entries = (await vault.list("recovery-log/")).map(({ key }) => key).sort();
    const newest = Buffer.from((await vault.getBytes(entries.at(-1)!))!).toString();
    expect(JSON.parse(newest)).toMatchObject({ result: "done", notes });
    expect(await contentOf(url!)).toEqual(await contentOf(source.url));

    // The app writes, and nothing of it is touched by another up.
    await runSql(url!, "delete from public.posts where id = (select min(id) from public.posts)");
    expect(await stack.must("preview", "--expect-no-changes")).not.toContain("unknown");
    await stack.declare(declared({ at: "2026-07-01T00:00:00Z" }));
    expect(await stack.refusal("preview")).toContain(
      `Backup ${backupId} was restored into this database with generation 1`,
    );

    // Deleting the restore touches no data.
    await stack.declare(declared().slice(0, 1));
    await stack.up();
    const count = "select count(*)::int as n from public.posts";
    expect(await runSql(url!, count)).toEqual([{ n: 39 }]);

    // Declared again it finds its own finished work, and restores nothing over it.
    await stack.declare(declared());
    await stack.up();
    expect(await runSql(url!, count)).toEqual([{ n: 39 }]);

    const ref = String((await stack.state("database"))?.["ref"]);
    await cloud.postgres.stop(ref);
    expect(await stack.refusal(...REFRESH, "--target", "**restore")).toMatch(/cannot be reached/);
    expect(await stack.state("restore")).toBeDefined();
    await cloud.postgres.start(ref);
    await runSql(url!, "drop schema castchat_recovery cascade");
    await stack.must(...REFRESH);
    expect(await stack.state("restore")).toBeUndefined();
    // Without its marker it is a database with unknown data: refused.
    expect(await stack.refusal("up", "--yes", "--skip-preview")).toMatch(
      /holds data .*a restore goes into a new project only/,
    );
  });
});

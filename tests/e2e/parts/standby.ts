import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { beforeAll, describe, expect, it } from "@jest/globals";

import { Visitor } from "../../../lab/drills/company/visitor.ts";
import { compareSnapshots } from "../../../lab/drills/compare/compare.ts";
import { takeSnapshot } from "../../../lab/drills/compare/snapshot.ts";
import { HELD_BACK, isHeldBack } from "../../../lab/drills/compare/types.ts";
import { addressOf, layout } from "../../../lab/sandbox/host/layout.ts";
import { demoUser } from "../../../lab/sandbox/sample/demoUser.ts";
import { SANDBOX_NAMES } from "../../../lab/sandbox/workspace.ts";
import {
  castchatRecovery,
  databaseUrlOfDr,
  expectRefusal,
  pulumi,
  supabaseProjects,
  upDr,
} from "../support/commands.ts";
import { endState } from "../support/endState.ts";
import type { PreparedCompany } from "../support/preparedCompany.ts";
import { documents } from "./documents.ts";
import { secondRecovery } from "./secondRecovery.ts";

/** A drill in the standby, then its recovery for real, whose end is added to `undisturbed`, and a second one. */
export function standby(lost: () => PreparedCompany, undisturbed: string[]): void {
  const engine = () => lost().context.engine;
  const databaseUrl = () => databaseUrlOfDr(engine());

  describe("a drill in dr", () => {
    const setMode = (mode: string) =>
      pulumi(["config", "set", "castchat-recovery:mode", mode, "--stack", "dr"], engine());
    const projects = async () => (await supabaseProjects(lost().context)).map(({ name }) => name);

    it("recovers under a name of its own, stops nothing, and leaves nothing behind", async () => {
      const edge = addressOf(lost().context.file.ports, "edge");
      await setMode("drill");
      try {
        await upDr(engine());
        expect((await new Visitor(edge, `drill.${SANDBOX_NAMES.publicName}`).health()).status).toBe(200);
        expect((await new Visitor(edge, SANDBOX_NAMES.publicName).health()).status).not.toBe(200);
        const differences = compareSnapshots(lost().before, await takeSnapshot(await databaseUrl()));
        // A drill sends no mail: jobs and publications stay held back, and all else is as before.
        expect(differences.filter(({ kind }) => !isHeldBack(kind))).toEqual([]);
        expect(new Set(differences.map(({ kind }) => kind))).toEqual(new Set(HELD_BACK));
        expect(await projects()).toContain("castchat-drill-g2");
        await setMode("standby");
        await upDr(engine());
        expect(await projects()).not.toContain("castchat-drill-g2");
        expect((await new Visitor(edge, `drill.${SANDBOX_NAMES.publicName}`).health()).status).not.toBe(200);
      } finally {
        await setMode("active");
      }
    }, 120_000);
  });

  describe("an active dr", () => {
    let secondUp: string | undefined;
    beforeAll(async () => {
      await upDr(engine());
      undisturbed.push(...(await endState(lost())));
    }, 120_000);

    it("is not changed by a second up, also after the app has written", async () => {
      const visitor = new Visitor(addressOf(lost().context.file.ports, "edge"), SANDBOX_NAMES.publicName);
      const user = demoUser(1);
      const token = await visitor.login(user.email, user.password);
      const written = await visitor.write(typeof token === "string" ? token : undefined, {
        title: "New",
        body: "after the recovery",
      });
      expect(written.status).toBe(201);
      secondUp = await upDr(engine(), "--expect-no-changes", "--diff", "--show-config");
    }, 60_000);

    it("is refused to go back to standby in preview, and loses nothing", async () => {
      const before = await takeSnapshot(await databaseUrl());
      const set = await pulumi(["config", "set", "castchat-recovery:mode", "standby", "--stack", "dr"], engine());
      expect(set.exitCode).toBe(0);
      try {
        const up = await pulumi(["up", "--stack", "dr", "--yes"], engine());
        expect(up.exitCode).not.toBe(0);
        expect(up.output).toMatch(/Preview failed.*protect/s);
        expect((await takeSnapshot(await databaseUrl())).tables).toEqual(before.tables);
      } finally {
        await pulumi(["config", "set", "castchat-recovery:mode", "active", "--stack", "dr"], engine());
      }
    }, 60_000);

    it("keeps every secret out of state, settings and output", async () => {
      const { home, file } = lost().context;
      const password = new URL(await databaseUrl()).password;
      const secrets = [...Object.values<string>({ ...file.credentials }), decodeURIComponent(password)].filter(
        (one) => one !== file.credentials.awsAccessKeyId,
      );
      expect(secrets).toHaveLength(10);
      const shown = [
        secondUp ?? (await upDr(engine(), "--diff", "--show-config")),
        (await pulumi(["stack", "output", "--stack", "dr"], engine())).output,
        (await castchatRecovery(["list", "--stack", "dr", "--json"], engine())).output,
        (await castchatRecovery(["config", "show", "--stack", "dr"], engine())).output,
      ];
      const { state, workspace, logs, pulumi: own } = layout(home);
      const written = await textsUnder([state, workspace, logs, own]);
      expect(written.size).toBeGreaterThan(5);
      const found = [...written, ...shown.map((text, index): [string, string] => [`output ${index}`, text])].flatMap(
        ([where, text]) =>
          secrets.flatMap((secret, index) => (text.includes(secret) ? [`secret ${index} is in ${where}`] : [])),
      );
      expect(found).toEqual([]);
    }, 60_000);

    it("is not resumed while its engine may still run", async () => {
      const locks = `${layout(lost().context.home).state}/.pulumi/locks/organization/castchat-recovery/dr`;
      await mkdir(locks, { recursive: true });
      const lock = { pid: 1, hostname: "another-machine", username: "engineer", timestamp: "2026-01-01T00:00:00Z" };
      await writeFile(`${locks}/11111111-1111-1111-1111-111111111111.json`, JSON.stringify(lock));
      try {
        expectRefusal(
          await castchatRecovery(["resume", "--stack", "dr"], engine()),
          /another-machine.*--owner-is-dead/,
        );
      } finally {
        await rm(locks, { recursive: true });
      }
    }, 30_000);

    documents(lost, "dr");
    secondRecovery(lost);
  });
}

/** Every file under the folders, as text, by path. */
async function textsUnder(folders: readonly string[]): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  for (const folder of folders) {
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      texts.set(path, await readFile(path, "latin1"));
    }
  }
  return texts;
}

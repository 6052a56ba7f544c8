import { readFile, writeFile } from "node:fs/promises";

import { describe, expect, it } from "@jest/globals";
import { z } from "zod";

import { liveServices } from "../../../lab/drills/company/liveServices.ts";
import { PROJECT_ROOT } from "../../../lab/sandbox/host/layout.ts";
import { SANDBOX_NAMES } from "../../../lab/sandbox/workspace.ts";
import { castchatRecovery, type Ended, expectRefusal, pulumi } from "../support/commands.ts";
import type { PreparedCompany } from "../support/preparedCompany.ts";

/** Commands and previews that must refuse. `early` has the ends of commands before the loss. */
export function refusals(lost: () => PreparedCompany, early: Readonly<Record<string, Ended>>): void {
  const engine = () => lost().context.engine;

  describe("a command with bad input ends with one message and exit code 2", () => {
    it("a vault without any proven backup", () => {
      expect(early["list"]).toEqual({ exitCode: 0, output: "[]" });
      expectRefusal(early["verify"]!, /no proven full backup/);
      expect(early["young list"]).toEqual({
        exitCode: 1,
        output: expect.stringMatching(/no proven full backup, and one of at most 25 h 0 min is asked for/),
      });
    });

    it("a target database that holds data", () => {
      expectRefusal(early["filled target"]!, /holds|data/);
    });

    it("a wrong passphrase", () => {
      expectRefusal(early["wrong passphrase"]!, /passphrase/);
    });

    it("an unknown stack", async () => {
      expectRefusal(await castchatRecovery(["list", "--stack", "nowhere"], engine()), /no stack named nowhere/);
    });

    it("settings of another place than the state's, as in the project's own folder", async () => {
      const elsewhere = { ...engine(), workspace: PROJECT_ROOT };
      expectRefusal(
        await castchatRecovery(["list", "--stack", "dr"], elsewhere),
        /mean the vault .*222222222222.* has .*000000000000/,
      );
    });

    it("an unknown command, option and number", async () => {
      for (const args of [["explode"], ["list", "--stak", "dr"], ["drill", "--rows", "many"], ["list"]]) {
        expect((await castchatRecovery(args, engine())).exitCode).toBe(2);
      }
    });

    it("a missing target", async () => {
      expectRefusal(await castchatRecovery(["restore", "--stack", "dr"], engine()), /TARGET_DATABASE_URL/);
    });

    it("an unreachable database, without its password", async () => {
      const target = { TARGET_DATABASE_URL: "postgresql://postgres:geheim123@127.0.0.1:1/postgres?sslmode=disable" };
      const ended = await castchatRecovery(["restore", "--stack", "dr"], engine(), target);
      expectRefusal(ended, /127\.0\.0\.1:1/);
      expect(ended.output).not.toContain("geheim123");
    });

    it("an invalid time, and a time before every backup", async () => {
      const target = { TARGET_DATABASE_URL: "postgresql://postgres:x@127.0.0.1:1/postgres?sslmode=disable" };
      expectRefusal(
        await castchatRecovery(["restore", "--stack", "dr", "--at", "yesterday"], engine(), target),
        /not a UTC time/,
      );
    });

    it("an unknown backup", async () => {
      expectRefusal(
        await castchatRecovery(["verify", "20200101T000000Z-abcdef", "--stack", "dr"], engine()),
        /no backup "20200101T000000Z-abcdef"/,
      );
    });
  });

  describe("a preview with bad settings reports every fault at once, without a stack trace", () => {
    it("in a setting that is unknown, and in settings of both stacks, of tiers and of runs", async () => {
      const settings = {
        moode: "active",
        peerAwsRegion: "ap-northeast-3",
        tierOverrides: '{"daily": 7}',
        role: "leader",
        intervalHours: "48",
      };
      const flags = Object.entries(settings).flatMap(([key, value]) => [
        "--config",
        `castchat-recovery:${key}=${value}`,
      ]);
      const file = `${engine().workspace}/Pulumi.dr.yaml`;
      const before = await readFile(file, "utf8");
      try {
        const ended = await pulumi(["preview", "--stack", "dr", ...flags], engine());
        expect(ended.exitCode).not.toBe(0);
        for (const sentence of [
          /moode is not a setting/,
          /peerAwsRegion/,
          /tierOverrides.*30/s,
          /role.*"leader"/s,
          /intervalHours.*48/s,
        ])
          expect(ended.output).toMatch(sentence);
        expect(ended.output).not.toMatch(/^\s+at .*:\d+:\d+/m);
      } finally {
        await writeFile(file, before);
      }
    });
  });

  describe("a public name that another stack holds with a higher generation", () => {
    it("is refused in preview, before anything is created", async () => {
      const { cloudflare } = liveServices(lost().context.file);
      const results = z.object({ result: z.array(z.object({ id: z.string() })) });
      const [zone] = results.parse(await cloudflare("GET", `/zones?name=${SANDBOX_NAMES.zone}`)).result;
      const records = `/zones/${zone!.id}/dns_records`;
      const lease = { type: "TXT", name: `_castchat-recovery.${SANDBOX_NAMES.publicName}`, ttl: 60 };
      const content = "stack=another;generation=9";
      const one = z.object({ result: z.object({ id: z.string() }) });
      const { id } = one.parse(await cloudflare("POST", records, { ...lease, content })).result;
      try {
        const preview = await pulumi(["preview", "--stack", "dr"], engine());
        expect(preview.exitCode).not.toBe(0);
        expect(preview.output).toMatch(/generation/);
      } finally {
        await cloudflare("DELETE", `${records}/${id}`);
      }
    });
  });
}

import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { execa } from "execa";

import { PROJECT_ROOT } from "../../lab/sandbox/host/layout.ts";
import { copyWorkspace } from "../../recovery/pulumi/previewWorkspace.ts";
import { makeTestFolder } from "../support/folder.ts";
import { changeYaml } from "../support/shippedSettings.ts";

const CLI = join(PROJECT_ROOT, "cli", "main.ts");

let folder: Awaited<ReturnType<typeof makeTestFolder>>;
let workspace: string;
beforeAll(async () => {
  folder = await makeTestFolder();
  workspace = folder.path;
  await mkdir(join(workspace, "tmp"));
  for (const stack of ["prod", "dr"]) await copyWorkspace(PROJECT_ROOT, stack, workspace);
  const main = join(PROJECT_ROOT, "tests", "cli", "support", "wrongProgram.ts");
  await changeYaml(join(workspace, "Pulumi.yaml"), (project) => ({ ...project, main }));
});
afterAll(() => folder.remove());

/** Runs the command as a user without any account: no backend, no passphrase, no credentials. */
async function castchatRecovery(args: string[], options: { cwd?: string; rules?: object } = {}) {
  const accounts = /^(AWS_|PULUMI_|VERCEL_|GITHUB_|CLOUDFLARE_|SUPABASE_)/;
  const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !accounts.test(name)));
  const rules = { CASTCHAT_TEST_WRONG_RULES: JSON.stringify(options.rules ?? {}) };
  const own = { NO_COLOR: "1", NODE_OPTIONS: "", TMPDIR: join(workspace, "tmp") };
  const env = { ...environment, ...own, ...rules };
  const where = { cwd: options.cwd ?? workspace, env, extendEnv: false, reject: false };
  const { stdout, stderr, exitCode } = await execa(process.execPath, [CLI, ...args], where);
  return { stdout, stderr, exitCode };
}

describe("castchat-recovery plan, on the real engine and without an account", () => {
  it("proves the shipped stacks, and leaves nothing behind", async () => {
    const before = await readFile(join(PROJECT_ROOT, "Pulumi.prod.yaml"), "utf8");
    const page = join(workspace, "plan.html");
    const args = ["plan", "-s", "prod", "--json", "--html", page];
    const { stdout, exitCode, stderr } = await castchatRecovery(args, { cwd: PROJECT_ROOT });
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    const facts = JSON.parse(stdout) as { total: number };
    expect(facts).toMatchObject({ kept: true, vaults: [{ stack: "prod" }, { stack: "dr" }] });
    expect(facts).toHaveProperty("coverage.length", 8);
    expect(facts.total).toBeGreaterThan(0);
    expect(await readFile(page, "utf8")).toContain("Every promise is kept");
    expect(await readFile(join(PROJECT_ROOT, "Pulumi.prod.yaml"), "utf8")).toBe(before);
    expect(await readdir(join(workspace, "tmp"))).toEqual([]);
  }, 120_000);

  it("shows a wrong rule that the tier table doesn't know of, with day, tier, rule and change; exit 1", async () => {
    const rules = { weekly: { expiration: { days: 91 } } };
    const args = ["plan", "-s", "prod", "--no-standby", "--from", "2026-11-23", "--years", "2"];
    const { stdout, exitCode } = await castchatRecovery(args, { rules });
    expect(exitCode).toBe(1);
    expect(stdout).toContain("✗ NOT every promise is kept. The first violation:");
    expect(stdout).toMatch(
      /\d{4}-\d\d-\d\d, prod, tier weekly, rule weekly: .*Change: let rule "weekly" keep 92 days instead of 91 days\./,
    );
  }, 120_000);

  it("refuses rules that make no sense, all at once, each in a sentence; exit 2", async () => {
    const rules = {
      weekly: { transitions: [{ days: 10, storageClass: "STANDARD_IA" }] },
      monthly: { transitions: [{ days: 30, storageClass: "DEEP_ARCHIVE" }] },
      annual: { filter: { prefix: "monthly/" } },
    };
    const { stderr, stdout, exitCode } = await castchatRecovery(["plan", "-s", "prod", "--no-standby"], { rules });
    expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 2 });
    expect(stderr).toContain("moves to STANDARD_IA after 10 days, S3 allows it from day 30");
    expect(stderr).toContain("moves to DEEP_ARCHIVE after 30 days, from where a backup takes 12 hours");
    expect(stderr).toContain('Rules "monthly" (monthly/) and "annual" (monthly/) of prod overlap');
    expect(stderr).not.toContain("    at ");
  }, 120_000);

  it("reports what it can't prove when the other stack can't be read; exit 1", async () => {
    await writeFile(join(workspace, "Pulumi.broken.yaml"), "config: { castchat-recovery:role: standby }");
    const { stdout, exitCode } = await castchatRecovery(["plan", "-s", "prod", "--standby", "broken", "--years", "1"]);
    expect(exitCode).toBe(1);
    expect(stdout).toContain("the rules of broken can't be read, so nothing is proven for the replica: ");
    expect(stdout).toContain("or pass --no-standby");
  }, 120_000);

  it("refuses settings in the program's own words; exit 2", async () => {
    const file = join(workspace, "Pulumi.faulty.yaml");
    await writeFile(file, "config: { castchat-recovery:role: primary }");
    const { stderr, exitCode } = await castchatRecovery(["plan", "-s", "faulty", "--no-standby"]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain("castchat-recovery:awsRegion is not set");
  }, 120_000);

  it.each([
    [["plan", "-s", "nope", "--no-standby"], "There is no "],
    [["plan", "-s", "prod", "--standby", "nowhere"], "Pulumi.nowhere.yaml"],
    // Before anything is computed.
    [
      ["plan", "-s", "nope", "--no-standby", "--html", "/nonexistent/x.html"],
      "can't be written (ENOENT): name another file.",
    ],
    [["calendar", "--interval-hours", "22"], "--interval-hours 22 is not a whole number from 1 to 21."],
    [
      ["calendar", "--from", "2027-01-01", "--days", "20", "--missed", "2027-02-28"],
      "is outside the 20 days from 2027-01-01.",
    ],
    [["plan", "-s", "prod", "--years", "0"], "from 1 to 50."],
    [["plan", "-s", "prod", "--missed", "2027-02-30"], '"2027-02-30" is not a date'],
    [["plan", "-s", "prod", "--runner", "moon"], "Allowed choices are internet, region."],
    [["plan"], "required option '-s, --stack <name>'"],
    [["calendar", "--days", "many"], "--days many is not a whole number from 1 to 20000."],
  ])(
    "refuses %j; exit 2",
    async (args, message) => {
      const { stderr, stdout, exitCode } = await castchatRecovery(args);
      expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 2 });
      expect(stderr).toContain(message);
    },
    120_000,
  );
});

describe("castchat-recovery calendar", () => {
  it("shows which backup opens which tier when runs fail", async () => {
    const { stdout, exitCode } = await castchatRecovery(["calendar", "--missed", "2027-02-28,2027-03-01"]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/2027-03-02T02:00Z\s*│ monthly\s*│ 2027-03\s*│ 1 day late/);
    expect(stdout).toContain("Days without any backup, because all of their runs failed: 2027-02-28, 2027-03-01.");
  });

  it("begins today", async () => {
    const today = new Date().toISOString().slice(0, 10);
    const { stdout } = await castchatRecovery(["calendar", "--days", "32", "--json"]);
    const { entries, runs } = JSON.parse(stdout) as { entries: { run: string }[]; runs: number };
    expect(runs).toBe(32 * 4);
    expect(entries.length).toBeGreaterThan(0);
    expect(entries.filter(({ run }) => run < today)).toEqual([]);
  });

  it("prints JSON", async () => {
    const { stdout } = await castchatRecovery(["calendar", "--from", "2027-06-01", "--days", "3", "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({
      entries: [{ run: "2027-06-01T02:00Z", tier: "monthly", lateDays: 0 }],
      missed: 0,
      runs: 12,
    });
  });
});

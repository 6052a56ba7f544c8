import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { z } from "zod";

import type { EngineOptions } from "../../lab/drills/stage/stacks.ts";
import { resetSandbox, startSandbox } from "../../lab/sandbox/control.ts";
import { sandboxEnvironment } from "../../lab/sandbox/environment.ts";
import { PROJECT_ROOT } from "../../lab/sandbox/host/layout.ts";
import { prepareWorkspace, SANDBOX_NAMES } from "../../lab/sandbox/workspace.ts";
import { changeYaml } from "../support/shippedSettings.ts";
import { castchatRecovery, pulumi } from "./support/commands.ts";
import { foundCompany, LIVE_PROJECT, type LiveCompany } from "./support/founders.ts";

let home: string;
let engine: EngineOptions;
let company: LiveCompany;

/** The sandbox's settings of a primary that creates everything; this one finds everything. */
const CREATING = ["database", "dns", "cloudflareAccountId", "supabaseOrganization", "supabaseRegion"];

beforeAll(async () => {
  home = await mkdtemp(join(PROJECT_ROOT, ".sandbox", "tests-existing-"));
  const file = await startSandbox({ home });
  engine = { workspace: await prepareWorkspace(home, file), environment: sandboxEnvironment(home, file) };
  company = await foundCompany(file, new AbortController().signal);
  await changeYaml(join(engine.workspace, "Pulumi.prod.yaml"), ({ config, ...rest }) => {
    const kept = Object.entries(config as object).filter(([key]) => !CREATING.includes(key.replace(/^.*:/, "")));
    const apps = [
      { project: LIVE_PROJECT, repository: SANDBOX_NAMES.repository, publicNames: [SANDBOX_NAMES.publicName] },
    ];
    const own = { supabaseRef: company.supabaseRef, standbyVault: "none", apps };
    const found = Object.entries(own).map(([key, value]) => [`castchat-recovery:${key}`, value]);
    return { ...rest, config: { ...Object.fromEntries(kept), ...Object.fromEntries(found) } };
  });
  for (const args of [
    ["stack", "init", "prod"],
    ["config", "set", "--secret", "databaseUrl", company.databaseUrl, "--stack", "prod"],
  ]) {
    const ended = await pulumi(args, engine);
    if (ended.exitCode !== 0) throw new Error(ended.output);
  }
}, 180_000);
afterAll(() => resetSandbox({ home }), 60_000);

const up = () => pulumi(["up", "--stack", "prod", "--yes", "--skip-preview"], engine);
const recover = (...args: string[]) => castchatRecovery([...args, "--stack", "prod"], engine);

describe("the first day of a CastChat that runs", () => {
  it("gets a vault and a schedule, and nothing live changes", async () => {
    const before = await company.look();
    const first = await up();
    expect([first.exitCode, first.exitCode === 0 ? "" : first.output]).toEqual([0, ""]);
    expect(await company.look()).toBe(before);
    const state = await pulumi(["stack", "export", "--stack", "prod"], engine);
    const { deployment } = z
      .object({ deployment: z.object({ resources: z.array(z.object({ type: z.string(), urn: z.string() })) }) })
      .parse(JSON.parse(state.output));
    const types = new Set(deployment.resources.map(({ type }) => type.split(":")[0]));
    expect([...types].sort()).toEqual(["aws", "castchat", "pulumi", "recovery"]);
    expect(state.output).not.toContain("the-founders-own-password");
    const again = await pulumi(["preview", "--stack", "prod", "--expect-no-changes"], engine);
    expect([again.exitCode, again.exitCode === 0 ? "" : again.output]).toEqual([0, ""]);
  }, 120_000);

  it("has a proven backup of all of it within the hour, and still nothing live changes", async () => {
    const before = await company.look();
    const made = await recover("backup");
    expect([made.exitCode, made.exitCode === 0 ? "" : made.output]).toEqual([0, ""]);
    expect((await recover("list", "--max-age", "1h")).exitCode).toBe(0);
    const configuration = await recover("configuration");
    for (const part of [
      `application ${LIVE_PROJECT}`,
      `repository ${SANDBOX_NAMES.repository}`,
      "PAYMENT_KEY",
      "pki.goog",
    ])
      expect(configuration.output).toContain(part);
    expect(configuration.output).not.toContain("live PAYMENT_KEY");
    expect(await company.look()).toBe(before);
  }, 120_000);

  it("refuses an address that is not encrypted, and does not show it", async () => {
    const file = join(engine.workspace, "Pulumi.prod.yaml");
    const kept = await readFile(file, "utf8");
    await changeYaml(file, ({ config, ...rest }) => ({
      ...rest,
      config: { ...(config as object), "castchat-recovery:databaseUrl": company.databaseUrl },
    }));
    const refused = await pulumi(["preview", "--stack", "prod"], engine);
    await writeFile(file, kept);
    expect(refused.exitCode).not.toBe(0);
    expect(refused.output).toMatch(
      /databaseUrl stands in Pulumi\.prod\.yaml in clear; encrypt it with `pulumi config set --secret databaseUrl -s prod`/,
    );
    expect(refused.output).not.toContain("the-founders-own-password");
  }, 60_000);

  it("refuses another database's address before anything changes, without the password", async () => {
    const wrong = company.databaseUrl.replace(/\/\/[^@]*@/, "//postgres:wrong-password@");
    await pulumi(["config", "set", "--secret", "databaseUrl", wrong, "--stack", "prod"], engine);
    const refused = await up();
    expect(refused.exitCode).not.toBe(0);
    expect(refused.output).toMatch(/refuses the password in databaseUrl/);
    expect(refused.output).not.toContain("wrong-password");
  }, 60_000);
});

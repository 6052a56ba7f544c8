import { copyFile, mkdir, mkdtemp, readFile, stat, watch, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

import { IAM } from "@aws-sdk/client-iam";
import { STS } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { parse, stringify } from "yaml";
import { z } from "zod";

import "./support/witnessedDaemon.ts";

import { foundDatabase, foundSite, type LiveDatabase } from "../../lab/drills/company/founding.ts";
import { LIVE_APPS, LIVE_RECORDS, LIVE_VARIABLES } from "../../lab/drills/company/liveNames.ts";
import { liveServices } from "../../lab/drills/company/liveServices.ts";
import { changedParts, type LiveSite, readLiveSite } from "../../lab/drills/company/liveSite.ts";
import { nameLiveSite } from "../../lab/drills/company/stackFiles.ts";
import type { EngineOptions } from "../../lab/drills/stage/stacks.ts";
import { loseRegion, resetSandbox, restoreRegion, startSandbox } from "../../lab/sandbox/control.ts";
import { sandboxEnvironment } from "../../lab/sandbox/environment.ts";
import { addressOf, layout, PROJECT_ROOT, REGIONS, type SandboxFile } from "../../lab/sandbox/host/layout.ts";
import { prepareWorkspace, SANDBOX_NAMES } from "../../lab/sandbox/workspace.ts";
import { HoldingProxy } from "../recovery/site/support/holdingProxy.ts";
import { runSql } from "../recovery/support/sample.ts";
import { changeSettings, changeYaml } from "../support/shippedSettings.ts";
import { type StackKey, startStackKey } from "../support/stackKey.ts";
import { castchatRecovery, expectRefusal, killedCastchatRecovery, pulumi } from "./support/commands.ts";

let home: string;
let file: SandboxFile;
let engine: EngineOptions;
let live: LiveDatabase;
let look: () => Promise<LiveSite>;
/** Before Cloudflare's emulator, for what is to be held. */
let cloudflare: HoldingProxy;
let key: StackKey;

const APPS = "castchat-recovery:apps";
/** The records that Pulumi may declare. */
const OWN_RECORDS = LIVE_RECORDS.filter(
  ({ name }) => !/^(?:_acme-challenge|a-grafana|grafana|vpn)\./.test(String(name)),
);

beforeAll(async () => {
  home = await mkdtemp(join(PROJECT_ROOT, ".sandbox", "tests-existing-"));
  file = await startSandbox({ home });
  const workspace = await prepareWorkspace(home, file);
  key = await startStackKey();
  const { AWS_ENDPOINT_URL_KMS = "" } = key.environment;
  engine = { workspace, environment: { ...sandboxEnvironment(home, file), AWS_ENDPOINT_URL_KMS } };
  live = await foundDatabase(file, 50, () => undefined);
  await foundSite(file, live, () => undefined);
  look = () => readLiveSite(file, live);
  cloudflare = await HoldingProxy.start(addressOf(file.ports, "cloudflare"));
  await nameLiveSite(engine.workspace, live);
  await changeSettings(engine.workspace, "prod", { standbyVault: "none" });
  for (const args of [
    ["stack", "init", "prod", "--secrets-provider", key.secretsProvider],
    ["config", "set", "--secret", "databaseUrl", live.databaseUrl, "--stack", "prod"],
  ]) {
    const ended = await pulumi(args, engine);
    if (ended.exitCode !== 0) throw new Error(ended.output);
  }
}, 180_000);
afterAll(async () => {
  await cloudflare.stop();
  key.stop();
  await resetSandbox({ home });
}, 60_000);

const up = () => pulumi(["up", "--stack", "prod", "--yes", "--skip-preview"], engine);
/** Resources in the engine's checkpoint: an export would take a run of the engine. */
async function stateOfProd() {
  const one = z.object({
    type: z.string(),
    protect: z.boolean().optional(),
    retainOnDelete: z.boolean().optional(),
  });
  const checkpoint = join(layout(home).state, ".pulumi", "stacks", "castchat-recovery", "prod.json");
  const written = z.object({ checkpoint: z.object({ latest: z.object({ resources: z.array(one) }) }) });
  return written.parse(JSON.parse(await readFile(checkpoint, "utf8"))).checkpoint.latest.resources;
}
const recover = (...args: string[]) => castchatRecovery([...args, "--stack", "prod"], engine);
const adoptedInState = async () =>
  (await stateOfProd()).filter(({ type }) => /^(?:vercel|cloudflare):|Adoption$/.test(type));
/** Comes back when a file is written. */
async function changeOf(path: string): Promise<void> {
  for await (const { filename } of watch(dirname(path))) if (filename === basename(path)) return;
}

describe("the first day of a CastChat that runs", () => {
  it("gets a vault and a schedule, and nothing live changes", async () => {
    const before = await look();
    const first = await up();
    expect([first.exitCode, first.exitCode === 0 ? "" : first.output]).toEqual([0, ""]);
    expect(changedParts(before, await look())).toEqual([]);
    const state = await pulumi(["stack", "export", "--stack", "prod"], engine);
    const types = new Set((await stateOfProd()).map(({ type }) => type.split(":")[0]));
    expect([...types].sort()).toEqual(["aws", "castchat", "pulumi", "recovery"]);
    expect(state.output).not.toContain("the-founders-own-password");
    const again = await pulumi(["preview", "--stack", "prod", "--expect-no-changes"], engine);
    expect([again.exitCode, again.exitCode === 0 ? "" : again.output]).toEqual([0, ""]);
  }, 120_000);

  it("has a proven backup of all of it within the hour, and still nothing live changes", async () => {
    const before = await look();
    const made = await recover("backup");
    expect([made.exitCode, made.exitCode === 0 ? "" : made.output]).toEqual([0, ""]);
    expect((await recover("list", "--max-age", "1h")).exitCode).toBe(0);
    const configuration = await recover("config", "show");
    for (const part of [
      ...LIVE_APPS.flatMap(({ project, repository }) => [`application ${project}`, `repository ${repository}`]),
      ...LIVE_VARIABLES.map(({ key }) => key),
      "pki.goog",
    ])
      expect(configuration.output).toContain(part);
    const deployed = (await pulumi(["stack", "output", "deployedCommit", "--stack", "prod"], engine)).output.trim();
    expect((await recover("config", "show", "--part", "source")).output).toContain(`the files of commit ${deployed}.`);
    for (const { value } of LIVE_VARIABLES.filter(({ type }) => type === "sensitive"))
      expect(configuration.output).not.toContain(value);
    expect(changedParts(before, await look())).toEqual([]);
  }, 120_000);

  it("has what drifts named by `config diff`, and gets it back by `config restore`", async () => {
    const { cloudflare: dns, vercel } = liveServices(file);
    const found = z.object({ result: z.array(z.object({ id: z.string() })) });
    const zone = found.parse(await dns("GET", "/zones")).result[0]!.id;
    const name = `docs.${SANDBOX_NAMES.zone}`;
    const named = `/zones/${zone}/dns_records?name.exact=${name}`;
    const record = found.parse(await dns("GET", named)).result[0]!.id;
    const variables = "/v9/projects/castchat/env";
    const { envs } = z
      .object({ envs: z.array(z.object({ id: z.string(), key: z.string() })) })
      .parse(await vercel("GET", variables));
    const variable = envs.find(({ key }) => key === "FEATURE_AUDITIONS")!.id;
    await dns("PATCH", `/zones/${zone}/dns_records/${record}`, {
      type: "CNAME",
      name,
      content: "else.example",
      ttl: 600,
    });
    await vercel("PATCH", `${variables}/${variable}`, { value: "a-wrong-value" });
    const drifted = await recover("config", "diff");
    expect(drifted.exitCode).toBe(1);
    expect(drifted.output).toMatch(new RegExp(`dns .*${name.replaceAll(".", "\\.")}`));
    expect(drifted.output).toMatch(/application castchat .*FEATURE_AUDITIONS.* value .*fingerprint/);
    expect(drifted.output).not.toContain("a-wrong-value");
    for (const [part, says] of [
      [["dns"], "Changed CNAME docs."],
      [["variables", "--app", "castchat"], "Changed variable FEATURE_AUDITIONS"],
    ] as const) {
      const restored = await recover("config", "restore", "--part", ...part, "--yes");
      expect([restored.exitCode, restored.output]).toEqual([0, expect.stringContaining(says)]);
      expect(restored.output).toContain("1 change made.");
      expect(restored.output).not.toContain("a-wrong-value");
    }
    const equal = await recover("config", "diff");
    expect([equal.exitCode, equal.exitCode === 0 ? "" : equal.output]).toEqual([0, ""]);
    const decrypted = z.object({ value: z.string() });
    expect(decrypted.parse(await vercel("GET", `/v1/projects/castchat/env/${variable}`)).value).toBe("on");
  }, 120_000);

  it("refuses what is managed and not adopted, adopts it, and gives it up, and at no point anything live changes", async () => {
    const before = await look();
    const settings = join(engine.workspace, "Pulumi.prod.yaml");
    const kept = await readFile(settings, "utf8");
    await changeYaml(settings, ({ config, ...rest }) => {
      const { [APPS]: apps, ...others } = config as Record<string, unknown>;
      const managed = (apps as object[]).map((app) => ({ ...app, state: "managed" }));
      return { ...rest, config: { ...others, [APPS]: managed, "castchat-recovery:dns": "managed" } };
    });
    const unadopted = `# written by an engineer\n${await readFile(settings, "utf8")}`;
    await writeFile(settings, unadopted);
    const refused = await pulumi(["preview", "--stack", "prod"], engine);
    expect(refused.exitCode).not.toBe(0);
    expect(refused.output).toContain("Run `castchat-recovery adopt -s prod`");

    // Killed at any point (kill -9), it continues when it is run again.
    const all = LIVE_APPS.length + 1 + OWN_RECORDS.length;
    const killed = (point: RegExp | Promise<unknown>, ...more: string[]) =>
      killedCastchatRecovery(["adopt", "--yes", "--stack", "prod", ...more], engine, point);
    const [own, held] = [addressOf(file.ports, "cloudflare"), cloudflare.address];
    await writeFile(settings, unadopted.replaceAll(own, held));
    await killed(changeOf(settings));
    expect(await adoptedInState()).toEqual([]);
    await killed(cloudflare.hold(/ GET \S+\/dns_records\/[0-9a-f]{32} /, "before"));
    const { length } = await adoptedInState();
    expect(length > 0 && length < all).toBe(true);
    expectRefusal(await recover("adopt", "--yes"), /killed. Run `castchat-recovery resume -s prod`, then this command/);
    const resumed = await recover("resume");
    expect([resumed.exitCode, resumed.output]).toEqual([
      1,
      expect.stringMatching(/lock is dropped[^]*managed, but not adopted.*Run `castchat-recovery adopt -s prod`/),
    ]);
    await writeFile(settings, (await readFile(settings, "utf8")).replaceAll(held, own));
    await killed(/Comparing them/);

    const made = await recover("adopt", "--yes", "--json");
    expect([made.exitCode, made.exitCode === 0 ? "" : made.output]).toEqual([0, ""]);
    const name = z.array(z.string());
    const { resources, broughtIn, left } = z
      .object({ resources: name, broughtIn: name, left: z.array(z.object({ name: z.string() })) })
      .parse(JSON.parse(made.output.slice(made.output.indexOf("{"))));
    expect([resources.length, broughtIn]).toEqual([all, []]);
    expect(left.map(({ name }) => name).join()).toMatch(/app\..*admin\..*_acme-challenge\..*grafana\..*vpn\./);
    expect(changedParts(before, await look())).toEqual([]);
    const written = await readFile(settings, "utf8");
    for (const text of ["# written by an engineer", "framework: node", "gitRepository:", "_sip._tcp."])
      expect(written).toContain(text);

    const clean = await pulumi(["preview", "--stack", "prod", "--refresh", "--expect-no-changes"], engine);
    expect([clean.exitCode, clean.exitCode === 0 ? "" : clean.output]).toEqual([0, ""]);
    const next = await up();
    expect([next.exitCode, next.exitCode === 0 ? "" : next.output]).toEqual([0, ""]);
    expect((await recover("adopt")).output).toContain("in the state of stack prod already");
    const managed = (await adoptedInState()).filter(({ type }) => !type.endsWith("Adoption"));
    expect(managed.map(({ protect, retainOnDelete }) => protect && retainOnDelete)).toEqual(resources.map(() => true));

    await killed(/Taking .* out of the state/, "--release");
    const released = await recover("adopt", "--release", "--yes");
    expect([released.exitCode, released.exitCode === 0 ? "" : released.output]).toEqual([0, ""]);
    expect(await adoptedInState()).toEqual([]);
    await writeFile(settings, kept);
    expect(changedParts(before, await look())).toEqual([]);
  }, 300_000);

  it("seals every variable of an app from a file, reads back what it can, and shows no value", async () => {
    const before = await look();
    const own = ["--app", "castchat"];
    const env = (what: string, ...args: string[]) => recover("env", what, ...args, ...own);
    const output: string[] = [];
    const ended = async (work: ReturnType<typeof env>, exitCode: number, says: RegExp) => {
      const { output: text, exitCode: code } = await work;
      output.push(text);
      expect([code, text]).toEqual([exitCode, expect.stringMatching(says)]);
    };
    await ended(env("diff"), 1, /No variables of castchat are sealed, so a recovery sets none of DATABASE_URL,/);
    const [first, second] = ["first.env", "second.env"].map((name) => join(engine.workspace, name)) as [string, string];
    await ended(
      env("pull", first),
      1,
      /Nothing has a value of SESSION_SECRET, SLACK_WEBHOOK_URL, SMTP_PASSWORD, STRIPE/,
    );
    expect((await stat(first)).mode & 0o777).toBe(0o600);
    await ended(env("import", first), 2, /SESSION_SECRET has no value; fill it in/);
    let text = await readFile(first, "utf8");
    for (const { key, value, type } of LIVE_VARIABLES)
      if (type === "sensitive") text = text.replace(`\n${key}=\n`, `\n${key}=${value}\n`);
    await writeFile(first, text.replace("drill=unset\nFEATURE", "drill=same\nFEATURE"));
    await ended(
      env("import", first),
      0,
      /DATABASE_URL [^]*from databaseUrl[^]* is proven: 12 variables of castchat, sealed to 1 recipient\./,
    );
    await Promise.all([
      ended(env("import", first), 0, /Nothing was stored: the newest sealed variables of castchat are the same/),
      ended(env("diff"), 0, /Equal by hash: FEATURE_AUDITIONS,.*no value: SESSION_SECRET,.*project: DATABASE_URL,/),
      ended(env("pull", first), 2, /first\.env can't be written \(EEXIST\): name another file/),
      ended(env("pull", second), 0, /holds 12 of 12 variables of castchat/),
    ]);
    const filledIn = (await readFile(first, "utf8")).replaceAll(/^# Nothing has a value.*\n/gm, "");
    expect(await readFile(second, "utf8")).toBe(filledIn);
    for (const { value } of LIVE_VARIABLES.filter(({ type }) => type !== "plain"))
      if (value.length > 3) expect(output.join("\n")).not.toContain(value);
    expect(changedParts(before, await look())).toEqual([]);
  }, 120_000);

  it("refuses an address that is not encrypted, and does not show it", async () => {
    const file = join(engine.workspace, "Pulumi.prod.yaml");
    const kept = await readFile(file, "utf8");
    await changeYaml(file, ({ config, ...rest }) => ({
      ...rest,
      config: { ...(config as object), "castchat-recovery:databaseUrl": live.databaseUrl },
    }));
    const refused = await pulumi(["preview", "--stack", "prod"], engine);
    await writeFile(file, kept);
    expect(refused.exitCode).not.toBe(0);
    expect(refused.output).toMatch(
      /databaseUrl stands in Pulumi\.prod\.yaml in clear; encrypt it with `pulumi config set --secret databaseUrl -s prod`/,
    );
    expect(refused.output).not.toContain("the-founders-own-password");
  }, 60_000);

  it("would notice one more record or variable, and a changed row", async () => {
    const before = await look();
    const { cloudflare: dns, vercel } = liveServices(file);
    const zones = z.object({ result: z.array(z.object({ id: z.string() })) });
    const zone = zones.parse(await dns("GET", "/zones")).result[0]!.id;
    await dns("POST", `/zones/${zone}/dns_records`, { type: "A", name: "x", content: "192.0.2.1", ttl: 60 });
    const variable = { key: "ONE_MORE", value: "x", type: "sensitive", target: ["production"] };
    await vercel("POST", "/v10/projects/castchat-admin/env", variable);
    await runSql(
      live.databaseUrl,
      "update public.messages set body = body || '.' where id = (select min(id) from public.messages)",
    );
    expect(changedParts(before, await look())).toEqual([
      "rows, relations, roles and settings of the database",
      "DNS records",
      "variables of castchat-admin",
    ]);
  }, 60_000);

  it("refuses another database's address before anything changes, without the password", async () => {
    const wrong = live.databaseUrl.replace(/\/\/[^@]*@/, "//postgres:wrong-password@");
    await pulumi(["config", "set", "--secret", "databaseUrl", wrong, "--stack", "prod"], engine);
    const refused = await up();
    expect(refused.exitCode).not.toBe(0);
    expect(refused.output).toMatch(/refuses the password in databaseUrl/);
    expect(refused.output).not.toContain("wrong-password");
  }, 60_000);
});

describe("a standby from nothing, while the primary's account cannot be reached", () => {
  let first: EngineOptions;
  const run = async (...args: string[]) => {
    const ended = await castchatRecovery(args, first);
    expect([ended.exitCode, ended.exitCode === 0 ? "" : ended.output]).toEqual([0, ""]);
    return ended.output;
  };
  const engineRuns = async (...args: string[]) => {
    const ended = await pulumi(args, first);
    expect([ended.exitCode, ended.exitCode === 0 ? "" : ended.output]).toEqual([0, ""]);
    return ended.output;
  };

  beforeAll(async () => {
    // A folder as an engineer checks it out, but for the sandbox's addresses.
    const workspace = `${engine.workspace}-first`;
    await mkdir(workspace);
    await copyFile(join(engine.workspace, "Pulumi.yaml"), join(workspace, "Pulumi.yaml"));
    for (const stack of ["prod", "dr"]) {
      const { config } = parse(await readFile(join(engine.workspace, `Pulumi.${stack}.yaml`), "utf8")) as {
        config: object;
      };
      const addresses = Object.entries(config).filter(([key]) =>
        /:(endpoint|supabaseProjectUrl|disposableVault)/.test(key),
      );
      await writeFile(join(workspace, `Pulumi.${stack}.yaml`), stringify({ config: Object.fromEntries(addresses) }));
    }
    const environment = { ...sandboxEnvironment(home, file), PULUMI_BACKEND_URL: "", PULUMI_CONFIG_PASSPHRASE: "" };
    first = { workspace, environment };
  });
  afterAll(() => restoreRegion(home, REGIONS.primary), 30_000);

  it("is described by init from what runs, of which nothing changes", async () => {
    const before = await look();
    const account = SANDBOX_NAMES.awsAccount;
    const repositories = LIVE_APPS.flatMap(({ project, repository }) => ["--repository", `${project}=${repository}`]);
    const apps = LIVE_APPS.flatMap(({ project }) => ["--app", project]);
    const given = [
      "--aws-account",
      account,
      "--mirror-owner",
      SANDBOX_NAMES.mirrorOwner,
      "--database",
      live.supabaseRef,
    ];
    await run("init", "--force", ...given, ...apps, ...repositories);
    expect(changedParts(before, await look())).toEqual([]);
  }, 60_000);

  it("gets state, key and deployers of its own, and comes up by a deployer with nothing of the primary's account", async () => {
    await loseRegion(home, REGIONS.primary);
    const made = z
      .object({ backendUrl: z.string(), secretsProvider: z.string() })
      .parse(JSON.parse((await run("bootstrap", "-s", "dr", "--json")).replace(/^[^{]*/, "").replace(/[^}]*$/, "")));
    first.environment = {
      ...first.environment,
      PULUMI_BACKEND_URL: made.backendUrl,
      ...(await deployerOf(file)),
    };
    await engineRuns("stack", "init", "dr", "--secrets-provider", made.secretsProvider);
    await engineRuns("config", "set", "--secret", "peerDatabaseUrl", live.databaseUrl, "--stack", "dr");
    await engineRuns("config", "set", "peerSupabaseRef", live.supabaseRef, "--stack", "dr");
    await engineRuns("up", "--stack", "dr", "--yes", "--skip-preview");
    await engineRuns("preview", "--stack", "dr", "--expect-no-changes");
    const stored = await engineRuns("stack", "export", "--stack", "dr");
    expect(stored).toContain("castchat-standby");
    expect(stored).not.toContain("the-founders-own-password");
  }, 180_000);
});

/** Credentials of a person who has taken the deployers' role of the standby's account. */
async function deployerOf({ ports, credentials }: SandboxFile): Promise<Record<string, string>> {
  const at = { region: REGIONS.standby, endpoint: addressOf(ports, "awsStandby") };
  const root = { accessKeyId: credentials.awsAccessKeyId, secretAccessKey: credentials.awsSecretAccessKey };
  const iam = new IAM({ ...at, credentials: root });
  const person = { UserName: "operator" };
  await iam.createUser({ ...person, Tags: [{ Key: "castchat-recovery-deployer", Value: "true" }] });
  const Statement = [{ Effect: "Allow", Action: "sts:AssumeRole", Resource: "*" }];
  const PolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement });
  await iam.putUserPolicy({ ...person, PolicyName: "own", PolicyDocument });
  const { AccessKey } = await iam.createAccessKey(person);
  const own = { accessKeyId: AccessKey!.AccessKeyId!, secretAccessKey: AccessKey!.SecretAccessKey! };
  const RoleArn = `arn:aws:iam::${SANDBOX_NAMES.awsAccount}:role/castchat-recovery-deployer`;
  const { Credentials: session } = await new STS({ ...at, credentials: own }).assumeRole({
    RoleArn,
    RoleSessionName: "operator",
  });
  return {
    AWS_ACCESS_KEY_ID: session!.AccessKeyId!,
    AWS_SECRET_ACCESS_KEY: session!.SecretAccessKey!,
    AWS_SESSION_TOKEN: session!.SessionToken!,
  };
}

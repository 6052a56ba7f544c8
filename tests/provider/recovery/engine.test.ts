import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";

import { inspectDatabase } from "../../../recovery/postgres/catalog/databaseContent.ts";
import type { StateResource } from "../../../recovery/pulumi/exportedState.ts";
import { type Declared, prepareStack } from "./engine.ts";
import { type MiniCloud, startMiniCloud } from "./miniCloud.ts";
import { commitFiles, makeProject, TINY_SERVER } from "./tinyApp.ts";

// The real engine runs the real provider: each run takes some seconds.
jest.setTimeout(120_000);
const UP = ["up", "--yes", "--skip-preview"];
const REFRESH = ["refresh", "--yes", "--skip-preview"];
const publicName = "app.castchat.example";
let cloud: MiniCloud;
let zoneId: string;

beforeAll(async () => {
  cloud = await startMiniCloud();
  const zone = await cloud.call("cloudflare", "POST", "/client/v4/zones", {
    name: "castchat.example",
    account: { id: "acc" },
  });
  zoneId = (zone["result"] as { id: string }).id;
  await commitFiles(cloud, "castchat/app", { "server.mjs": TINY_SERVER });
});
afterAll(() => cloud.stop());

const project = (change: Record<string, unknown> = {}, name = "castchat-dr-g1"): Declared => ({
  type: "SupabaseProject",
  name: "database",
  inputs: {
    name,
    organization: "castchat",
    region: "ap-northeast-2",
    initialPassword: { from: ["password", "password"] },
    deletionProtection: true,
    ...change,
  },
});
const database = (change: Record<string, unknown> = {}, name = "castchat-dr-g1"): Declared[] => [
  { type: "DatabasePassword", name: "password", inputs: { projectName: name } },
  project(change, name),
];

async function untilCreated(name: string): Promise<void> {
  while (!(await cloud.databaseHost.projects()).some((project) => project.name === name))
    await new Promise((resolve) => setTimeout(resolve, 20));
}
const named = async (name: string) => (await cloud.databaseHost.projects()).filter((project) => project.name === name);

type Stack = Awaited<ReturnType<typeof prepareStack>>;

const databaseUrl = async (stack: Stack) =>
  (await stack.must("stack", "output", "databaseUrl", "--show-secrets")).trim();

/** Rewrites a state so that the project in it has no input for a password, as in states of earlier versions. */
async function asBefore(stack: Stack): Promise<void> {
  const state = JSON.parse(await stack.must("stack", "export")) as { deployment: { resources: StateResource[] } };
  for (const { inputs, outputs } of state.deployment.resources) {
    delete inputs?.["initialPassword"];
    delete outputs?.["initialPassword"];
  }
  const file = join(stack.folder, "before.json");
  await writeFile(file, JSON.stringify(state));
  await stack.must("stack", "import", "--file", file);
}

describe("under the engine", () => {
  it("a database, a deployment and a public name live through up, refresh, drift, refusals and destroy", async () => {
    const projectId = await makeProject(cloud, "web");
    // The stack's own secrets, of which the shell has none.
    const secrets = { peerVercelToken: cloud.otherTeam.token, dnsToken: cloud.credentials.cloudflareToken };
    const stack = await prepareStack(cloud, undefined, { ...secrets, peerVercelTeam: cloud.otherTeam.slug });
    const liveId = await makeProject(cloud, "castchat", {}, "otherTeam");
    const names = { organization: "castchat", databaseName: "castchat-prod", vercelProject: "castchat" };
    const fence: Declared = { type: "PrimaryFence", name: "fence", inputs: { ...names, generation: 2 } };
    const source = { sourceUrl: cloud.repository("castchat/app"), sourceRef: "main" };
    const deployment = (environmentHash = "1"): Declared => ({
      type: "AppDeployment",
      name: "deployment",
      inputs: { projectId, projectName: "web", ...source, environmentHash },
    });
    const target = { projectId, deploymentUrl: { from: ["deployment", "url"] } };
    const traffic = (generation: number): Declared => ({
      type: "TrafficSwitch",
      name: "traffic",
      inputs: { publicName, zoneName: "castchat.example", ...target, stack: "dr", generation },
    });

    // Every fault is named before anything is made.
    await stack.declare([project({ region: "Tokyo", initialPassword: "known" }), deployment(), traffic(0)]);
    const faults = await stack.refusal("preview");
    expect(faults).toMatch(/which is not a region of Supabase/);
    expect(await cloud.databaseHost.projects()).toEqual([]);
    expect(faults).not.toMatch(/\n\s+at .*\.ts:\d+/);

    await stack.declare([...database(), fence, deployment(), traffic(2)]);
    const created = await stack.up();
    // The app in the team that the shell's token does not see.
    expect(await cloud.otherApps.exportProject(liveId)).toMatchObject({ paused: true });
    for (const token of Object.values(secrets)) {
      expect(created).not.toContain(token);
      expect(await stack.rawState()).not.toContain(token);
    }
    expect(await stack.state("recovery")).toMatchObject({
      peerVercelToken: { ciphertext: expect.any(String) },
      dnsToken: { ciphertext: expect.any(String) },
      peerVercelTeam: cloud.otherTeam.slug,
    });
    const made = await stack.state("database");
    const { password } = new URL(await databaseUrl(stack));
    expect(created).not.toContain(password);
    expect(await stack.rawState()).not.toContain(password);
    const secret = { ciphertext: expect.any(String) as unknown };
    expect(made).toMatchObject({ initialPassword: secret, databasePassword: secret, anonKey: secret });
    expect(await stack.state("password")).toMatchObject({ projectName: "castchat-dr-g1", password: secret });
    expect(await stack.state("traffic")).toMatchObject({
      holder: "stack=dr;generation=2",
      leaseName: `_castchat-recovery.${publicName}`,
    });
    expect(await stack.must("preview", "--expect-no-changes")).not.toContain("unknown");

    // A protected project is neither replaced nor deleted.
    await stack.declare([...database({ region: "eu-west-1" }), deployment(), traffic(2)]);
    expect(await stack.refusal("preview")).toMatch(
      /is protected, and another region would replace it and delete it for good/,
    );
    await stack.declare([deployment(), traffic(2)]);
    expect(await stack.refusal(...UP)).toMatch(/is protected\. A deleted project is lost for good/);
    expect(await cloud.databaseHost.project(String(made?.["ref"]))).toBeDefined();

    // A new commit is seen by refresh and deployed by the next up; the name follows.
    const commit = await commitFiles(cloud, "castchat/app", { "CHANGES.md": "new\n" });
    await stack.declare([...database(), fence, deployment(), traffic(2)]);
    const previousDeploymentId = (await stack.state("deployment"))?.["deploymentId"];
    await stack.must(...REFRESH);
    await stack.up();
    expect(await stack.state("deployment")).toMatchObject({ commit, previousDeploymentId });

    // `refresh` has the token that the state keeps, and says which it is; the next `up` brings another, and replaces nothing.
    cloud.credentials.cloudflareToken = stack.config.dnsToken = "another-token";
    await stack.declare([...database(), fence, deployment(), traffic(2)]);
    expect(await stack.refusal(...REFRESH)).toMatch(/Check dnsToken: .*pulumi config set --secret dnsToken/);
    expect(await stack.previewSummary()).toEqual({ same: 6, update: 1 });
    await stack.up();
    await stack.must(...REFRESH);

    // Another stack takes the name: reported, never taken back, refused in preview without a higher generation.
    const lease = (await cloud.dns.records(zoneId, `_castchat-recovery.${publicName}`))[0]!;
    const taken = { type: "TXT", name: lease.name, content: "stack=prod;generation=3", ttlSeconds: 60 } as const;
    await cloud.dns.updateRecord(zoneId, lease.id, taken);
    expect((await stack.run(...REFRESH)).text).toMatch(/1 updated|~.*traffic/);
    expect(await stack.state("traffic")).toMatchObject({ holder: "stack=prod;generation=3" });
    await stack.must("preview", "--expect-no-changes");
    await stack.declare([...database(), fence, deployment("2"), traffic(2)]);
    expect(await stack.refusal("preview")).toMatch(
      /Stack dr no longer holds app\.castchat\.example \(the lease says stack=prod;generation=3\)/,
    );

    // Gone is not the same as unreachable.
    await cloud.call("supabase", "DELETE", `/v1/projects/${String(made?.["ref"])}`);
    await stack.must(...REFRESH);
    expect(await stack.state("database")).toBeUndefined();

    // Neither another stack's name nor the deployment that serves it is touched.
    await stack.destroy();
    expect((await cloud.dns.records(zoneId)).map(({ type }) => type).sort()).toEqual(["CNAME", "TXT"]);
    expect(await cloud.appHost.publicName(projectId, publicName)).toBeDefined();
  });

  it("a project that a state of before holds keeps its password, whatever token there is, and nothing of it changes", async () => {
    const stack = await prepareStack(cloud);
    const name = "castchat-before";
    await stack.declare([
      project({ initialPassword: "derived-by-an-earlier-version", deletionProtection: false }, name),
    ]);
    await stack.up();
    await asBefore(stack);
    const [before, url] = [await stack.state("database"), await databaseUrl(stack)];
    expect(new URL(url).password).toBe("derived-by-an-earlier-version");

    stack.environment["SUPABASE_ACCESS_TOKEN"] = cloud.rotateSupabaseToken();
    await stack.must(...REFRESH);
    await stack.declare(database({ deletionProtection: false }, name));
    // The stack, its provider and the project stay; a password for a later project is made.
    expect(await stack.previewSummary("--refresh")).toEqual({ create: 1, same: 3 });
    await stack.up();
    await stack.must(...REFRESH);
    const after = await stack.state("database");
    expect(after).toMatchObject({ ref: before!["ref"], createdAt: before!["createdAt"] });
    expect(await databaseUrl(stack)).toBe(url);
    expect(await inspectDatabase(url, new AbortController().signal)).toEqual({ state: "empty" });
    await stack.must("preview", "--expect-no-changes");

    // Without a state there is nothing that knows the password.
    const ref = String(before!["ref"]);
    const adopt = [
      "import",
      "recovery:index:SupabaseProject",
      "imported",
      ref,
      "--yes",
      "--skip-preview",
      "--generate-code=false",
    ];
    const beside = ["--provider", "recovery=urn:pulumi:test::tests::pulumi:providers:recovery::recovery"];
    expect(await stack.refusal(...adopt, ...beside)).toMatch(/To import the project, set SUPABASE_DB_PASSWORD to it/);
    stack.environment["SUPABASE_DB_PASSWORD"] = new URL(url).password;
    const imported = await stack.must(...adopt, ...beside, "--protect=false");
    expect(imported).not.toContain(new URL(url).password);
    expect(await stack.state("imported")).toMatchObject({ ref, createdAt: before!["createdAt"] });
    const secrets = await stack.must("stack", "export", "--show-secrets");
    expect(secrets.split(JSON.stringify(JSON.stringify(url))).length).toBe(4);
    const urn = "urn:pulumi:test::tests::recovery:index:SupabaseProject::imported";
    await stack.must("state", "delete", urn, "--yes");
    await stack.destroy();
  });

  it.each([
    ["kill -9", "SIGKILL" as const],
    ["Ctrl-C", "SIGINT" as const],
  ])("a creation that ends by %s continues, also with another token: one project, not two", async (_what, signal) => {
    const name = `castchat-${signal.toLowerCase()}`;
    const stack = await prepareStack(cloud);
    await stack.declare(database({ deletionProtection: false }, name));
    const first = stack.start(...UP);
    await untilCreated(name);
    first.child.kill(signal);
    expect((await first.ended).code).not.toBe(0);
    const [begun] = await named(name);
    if (signal === "SIGKILL") await stack.must("cancel", "--yes");
    stack.environment["SUPABASE_ACCESS_TOKEN"] = cloud.rotateSupabaseToken();
    await stack.up();
    expect((await stack.state("database"))?.["ref"]).toBe(begun?.ref);
    expect(await named(name)).toHaveLength(1);
    await stack.destroy();
    expect(await named(name)).toEqual([]);
  });
});

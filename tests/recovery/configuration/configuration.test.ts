import { beforeAll, describe, expect, it } from "@jest/globals";

import { collectConfiguration } from "../../../recovery/configuration/configuration.ts";
import { fencePrimary, type StopWrites } from "../../../recovery/site/fencePrimary.ts";
import { vercelApps } from "../../../services/appHost/vercel.ts";
import { silent } from "../../../services/common/reporter.ts";
import { startMiniCloud } from "../../provider/recovery/miniCloud.ts";
import { commitFiles, makeProject } from "../../provider/recovery/tinyApp.ts";
import { forSuite } from "../../support/suite.ts";

const signal = new AbortController().signal;
const clock = () => new Date("2026-07-01T02:00:00Z");
const cloud = forSuite(() => startMiniCloud("free"));
let projectId: string;
let supabaseRef: string;

beforeAll(async () => {
  await commitFiles(cloud, "castchat/app", { "a.txt": "a" });
  projectId = await makeProject(cloud, "web", { DATABASE_URL: "postgresql://postgres:hunter2@host/db", FEATURE: "on" });
  const zone = await cloud.call("cloudflare", "POST", "/client/v4/zones", {
    name: "castchat.example",
    account: { id: "acc" },
  });
  const { id } = zone["result"] as { id: string };
  for (let number = 0; number < 130; number += 1) {
    const [name, content] = [`n${number}.castchat.example`, `value ${number}`];
    await cloud.dns.createRecord(id, { type: "TXT", name, content, ttlSeconds: 60 });
  }
  const project = { name: "db", organization: "castchat", region: "eu-west-1", password: "long password" };
  supabaseRef = (await cloud.databaseHost.createProject(project)).ref;
  const auth = { external_google_secret: "hunter2", jwt_exp: 7200 };
  await cloud.call("supabase", "PATCH", `/v1/projects/${supabaseRef}/config/auth`, auth);
});

const ports = () => ({
  appHost: () => cloud.appHost,
  dns: () => cloud.dns,
  databaseHost: () => cloud.databaseHost,
  codeHost: () => cloud.codeHost,
  clock,
});

describe("a configuration backup", () => {
  it("holds every part, all records of the zone, names of variables, and no secret value", async () => {
    // Vercel keeps these secrets as keys.
    const bypass = "b".repeat(32);
    const generate = { secret: bypass };
    await cloud.call("vercel", "PATCH", `/v1/projects/${projectId}/protection-bypass`, { generate });
    const build = { framework: "nextjs", rootDirectory: "web", nodeVersion: "22.x", installCommand: "npm ci" };
    const regions = { functionDefaultRegions: ["hnd1"] };
    await cloud.call("vercel", "PATCH", `/v9/projects/${projectId}`, { ...build, resourceConfig: regions });
    const sources = {
      vercelProjects: [projectId],
      zoneName: "castchat.example",
      repositories: ["castchat/app"],
      supabaseRef,
      readState: () => Promise.resolve({ version: 3 }),
    };
    const backup = await collectConfiguration(ports(), sources, signal);
    expect(backup.missing).toEqual([]);
    expect(backup).toMatchObject({ format: 2, takenAt: "2026-07-01T02:00:00.000Z", stackState: { version: 3 } });
    expect(backup[`application ${projectId}`]?.variables.map(({ key }) => key).sort()).toEqual([
      "DATABASE_URL",
      "FEATURE",
    ]);
    expect(backup[`application ${projectId}`]?.domains).toEqual(["web.vercel.app"]);
    const settings = backup[`application ${projectId}`]?.settings ?? {};
    expect(cloud.appHost.buildSettingsIn(settings)).toEqual({ ...build, functionRegion: "hnd1" });
    expect(backup.dns?.records).toHaveLength(130);
    expect(backup["certificates zone"]).toEqual([
      expect.objectContaining({ hosts: ["castchat.example", "*.castchat.example"], isRenewed: true }),
    ]);
    expect(backup["repository castchat/app"]?.settings).toMatchObject({ default_branch: "main", private: true });
    expect(backup.auth).toMatchObject({ external_google_secret: "[left out: secret]", jwt_exp: 7200 });
    expect(JSON.stringify(backup)).not.toContain("hunter2");
    expect(JSON.stringify(backup)).not.toContain(bypass);
  });

  it("holds no secret whose name ends in the plural, no code that logs in, and no address that deploys", async () => {
    const auth = {
      hook_send_sms_secrets: "v1,whsec_hunter2",
      hook_send_email_secrets: "v1,whsec_hunter2",
      hook_mfa_verification_attempt_secrets: "v1,whsec_hunter2",
      sms_test_otp: "15555550100=hunter2",
      hook_send_sms_enabled: true,
      sms_otp_length: 6,
    };
    const hooks = [
      { id: "h", name: "cms", ref: "main", url: "https://api.vercel.com/v1/integrations/deploy/p/hunter2" },
    ];
    const settings = { name: "web", link: { type: "github", productionBranch: "main", deployHooks: hooks } };
    const { appHost, databaseHost, ...others } = ports();
    const backup = await collectConfiguration(
      {
        ...others,
        appHost: () => ({ ...appHost(), exportProject: () => Promise.resolve(settings) }),
        databaseHost: () => ({ ...databaseHost(), authSettings: () => Promise.resolve(auth) }),
      },
      { vercelProjects: [projectId], supabaseRef },
      signal,
    );
    expect(JSON.stringify(backup)).not.toContain("hunter2");
    expect(Object.keys(backup.auth!).sort()).toEqual(Object.keys(auth).sort());
    expect(backup.auth).toMatchObject({ hook_send_sms_enabled: true, sms_otp_length: 6 });
    expect(backup[`application ${projectId}`]?.settings).toMatchObject({
      name: "web",
      link: { productionBranch: "main" },
    });
  });

  it("names a part that cannot be read, and holds the others", async () => {
    const appHost = () => vercelApps({ token: "wrong", endpoint: cloud.address("vercel") });
    const absent = { zoneName: "absent.example", repositories: ["castchat/absent"] };
    const sources = { vercelProjects: [projectId], ...absent, supabaseRef };
    const backup = await collectConfiguration({ ...ports(), appHost }, sources, signal);
    expect(backup.missing).toEqual([
      {
        part: `application ${projectId}`,
        reason: expect.stringMatching(
          /^Vercel refused GET .* \(403\): Not authorized\. Check VERCEL_API_TOKEN: .* Type: read -rs VERCEL_API_TOKEN && /,
        ) as unknown,
      },
      { part: "certificates app host", reason: expect.stringContaining("GET /v8/certs (403)") as unknown },
      { part: "certificates zone", reason: "Cloudflare shows no zone absent.example" },
      { part: "dns", reason: "Cloudflare shows no zone absent.example" },
      { part: "repository castchat/absent", reason: "GitHub repository castchat/absent does not exist" },
    ]);
    expect(backup.auth).toBeDefined();
  });

  it("holds values only if it is sealed, of every branch and environment, and names those that no one has", async () => {
    const id = await makeProject(cloud, "values", { PLAIN: "seen-1" });
    const add = async (key: string, more: object) =>
      await cloud.call("vercel", "POST", `/v10/projects/${id}/env`, { key, value: `of ${key}`, ...more });
    await add("PLAIN", { type: "plain", target: ["preview"], gitBranch: "feature/one" });
    await add("STAGED", { type: "encrypted", target: [], customEnvironmentIds: ["env_1"] });
    for (const key of ["SEALED", "HALF", "NEVER"])
      await add(key, { type: "sensitive", target: ["production", "preview"] });
    await add("BRANCH", { type: "sensitive", target: ["preview"], gitBranch: "x" });
    const { appHost, ...others } = ports();
    const withEnvironment = {
      ...others,
      appHost: () => ({
        ...appHost(),
        exportProject: async (project: string) => ({
          ...(await cloud.appHost.exportProject(project)),
          customEnvironments: [{ id: "env_1", slug: "staging" }],
        }),
      }),
    };
    const sources = {
      vercelProjects: [id],
      sealedNames: () =>
        Promise.resolve((key: string, target: string) => key !== "NEVER" && !(key === "HALF" && target === "preview")),
    };
    const sealed = await collectConfiguration(withEnvironment, sources, signal, true);
    const { unsealed, variables, names } = sealed[`application ${id}`]!;
    expect(unsealed).toEqual(["BRANCH", "HALF", "NEVER"]);
    expect(variables).toContainEqual({ key: "STAGED", type: "encrypted", targets: [], environments: ["staging"] });
    expect(variables).toContainEqual({ key: "PLAIN", type: "plain", targets: ["preview"], branch: "feature/one" });
    expect(names).toEqual([expect.objectContaining({ name: "values.vercel.app", redirect: null, gitBranch: null })]);
    expect(sealed.variableValues?.applications[id]).toEqual([
      { key: "PLAIN", targets: ["production"], environments: [], value: "seen-1" },
      { key: "PLAIN", targets: ["preview"], branch: "feature/one", environments: [], value: "of PLAIN" },
      { key: "STAGED", targets: [], environments: ["staging"], value: "of STAGED" },
    ]);
    expect(JSON.stringify({ ...sealed, variableValues: undefined })).not.toMatch(/seen-1|of PLAIN|of STAGED/);
    const open = await collectConfiguration(withEnvironment, sources, signal);
    expect(open).not.toHaveProperty("variableValues");
    expect(open[`application ${id}`]).toEqual(sealed[`application ${id}`]);
    expect(sealed.missing).toEqual([]);
  });

  it("leaves out on purpose what is not asked for", async () => {
    expect(await collectConfiguration(ports(), {}, signal)).toEqual({
      format: 2,
      takenAt: "2026-07-01T02:00:00.000Z",
      missing: [],
    });
  });
});

/** A gate that is not there: no test of a database by its name asks for it. */
const stopWrites: StopWrites = () => Promise.reject(new Error("not asked for"));

const fenced = () => ({ databaseHost: () => cloud.databaseHost, appHost: () => cloud.appHost });

describe("fencing the primary", () => {
  it("pauses database and application", async () => {
    while ((await cloud.databaseHost.project(supabaseRef))?.status !== "ACTIVE_HEALTHY")
      await new Promise((resolve) => setTimeout(resolve, 50));
    const lines: string[] = [];
    const database = await cloud.databaseHost.project(supabaseRef);
    const application = await cloud.appHost.exportProject(projectId);
    const { organization, name: databaseName } = database!;
    const primary = { organization, databaseName, appProjects: [String(application!["name"]), "lost-web"] };
    const results = await fencePrimary({ ...fenced(), stopWrites }, primary, signal, (line) => lines.push(line));
    expect(results).toEqual([
      { part: "database", fenced: true, reason: `${primary.databaseName} (${supabaseRef}) is paused` },
      { part: "application", fenced: true, reason: `${primary.appProjects[0]} is paused` },
      { part: "application", fenced: false, reason: "Vercel has no project lost-web that VERCEL_API_TOKEN sees" },
    ]);
    expect(["PAUSING", "INACTIVE"]).toContain((await cloud.databaseHost.project(supabaseRef))?.status);
    expect((await cloud.appHost.exportProject(projectId))?.["paused"]).toBe(true);
    expect(lines).toHaveLength(3);
  });

  it("never stops a recovery: what is lost or unnamed is reported", async () => {
    const names = { organization: "castchat", databaseName: "lost", leftDatabaseName: "castchat-dr-g2" };
    const primary = { ...names, appProjects: [] };
    const results = await fencePrimary({ ...fenced(), stopWrites }, primary, signal, silent);
    expect(results).toEqual([
      { part: "database", fenced: false, reason: "Supabase has no project lost in castchat" },
      { part: "application", fenced: false, reason: "no app of the setting apps names it (peerProject)" },
      { part: "earlier generation", fenced: false, reason: "Supabase has no project castchat-dr-g2 in castchat" },
    ]);
  });

  it.each<[stops: boolean, pauses: boolean, reason: string]>([
    [true, true, "no writes; project abc is paused"],
    [true, false, "no writes; not done: paid plan"],
    [false, true, "not done: no answer; project abc is paused"],
    [false, false, "not done: no answer; not done: paid plan"],
  ])(
    "stops writes to a live database first (%s), and then its project (%s); either is enough",
    async (stops, pauses, reason) => {
      const asked: string[] = [];
      const answer = (done: boolean, words: string, why: string) =>
        done ? Promise.resolve(words) : Promise.reject(new Error(why));
      const databaseHost = {
        ...cloud.databaseHost,
        pauseProject: async (ref: string) => {
          asked.push(`pause ${ref}`);
          await answer(pauses, "", "paid plan");
        },
      };
      const stop: StopWrites = (connectionString) => {
        asked.push(connectionString);
        return answer(stops, "no writes", "no answer");
      };
      const live = { ref: "abc", connectionString: "postgresql://live" };
      const primary = { organization: "castchat", databaseName: "castchat-prod", live, appProjects: [] };
      const [first] = await fencePrimary(
        { ...fenced(), databaseHost: () => databaseHost, stopWrites: stop },
        primary,
        signal,
        silent,
      );
      expect(first).toEqual({ part: "database", fenced: stops || pauses, reason });
      expect(asked).toEqual(["postgresql://live", "pause abc"]);
      const left = { leftDatabaseName: "castchat-dr-g2", left: live };
      const results = await fencePrimary(
        { ...fenced(), databaseHost: () => databaseHost, stopWrites: stop },
        { ...primary, ...left },
        signal,
        silent,
      );
      expect(results.at(-1)).toEqual({ part: "earlier generation", fenced: stops || pauses, reason });
    },
  );
});

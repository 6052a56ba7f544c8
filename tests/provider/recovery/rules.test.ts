import { describe, expect, it } from "@jest/globals";

import { check } from "../../../provider/host/checking.ts";
import { compare } from "../../../provider/host/comparing.ts";
import { resource } from "../../../provider/host/definition.ts";
import { UNKNOWN } from "../../../provider/host/values.ts";
import { adoption } from "../../../provider/recovery/adoption.ts";
import { appDeployment } from "../../../provider/recovery/appDeployment.ts";
import { recoveryConfig, type RecoveryContext } from "../../../provider/recovery/context.ts";
import { databasePassword } from "../../../provider/recovery/databasePassword.ts";
import { databaseRestore } from "../../../provider/recovery/databaseRestore.ts";
import { generations } from "../../../provider/recovery/generations.ts";
import { liveBuild } from "../../../provider/recovery/liveBuild.ts";
import { primaryFence } from "../../../provider/recovery/primaryFence.ts";
import { supabaseProject } from "../../../provider/recovery/supabaseProject.ts";
import { trafficCheck } from "../../../provider/recovery/trafficCheck.ts";
import { trafficSwitch } from "../../../provider/recovery/trafficSwitch.ts";
import { UserError } from "../../../services/common/errors.ts";
import { CONTEXT as context, PROJECT, RESTORE, TRAFFIC } from "./examples.ts";

const signal = new AbortController().signal;
const operation = { name: "x", urn: "urn", report: () => undefined, warn: () => undefined };
const nothing = new Set<string>();

describe("configuration", () => {
  it("is refused with unknown keys, a wrong address, or a template without {ref}", () => {
    const wrong = [{ token: "t" }, { endpointEdge: "ftp://x" }, { supabaseProjectUrl: "http://x" }];
    for (const one of [{}, ...wrong.map((key) => ({ awsRegion: "x", ...key }))])
      expect(recoveryConfig.safeParse(one).success).toBe(false);
  });

  it("asks for a service's token only when the service is used, by name", () => {
    // services/compositionRoot.test.ts asks for the other services.
    expect(() => context.git()).toThrow(/GITHUB_TOKEN/);
  });
});

describe("DatabasePassword", () => {
  const create = async () =>
    (await databasePassword.create(context, { projectName: "castchat-dr-g2" }, signal, operation)).outputs.password;

  it("is another one each time, long, and fit for an address", async () => {
    const password = await create();
    expect(password).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(await create()).not.toBe(password);
  });

  it("stays as it is in a refresh, and another project gets another one", async () => {
    const last = { inputs: { projectName: "castchat-dr-g2" }, outputs: { password: "p" } };
    expect(await databasePassword.read(context, "castchat-dr-g2", last, signal)).toMatchObject(last);
    expect(await databasePassword.read(context, "castchat-dr-g2", undefined, signal)).toBeUndefined();
    const table = resource(databasePassword);
    expect(compare(table, context, last, { ...last.inputs }).changes).toEqual(new Set());
    expect(compare(table, context, last, { projectName: "castchat-dr-g3" }).replaces).toEqual(new Set(["projectName"]));
  });
});

describe("Adoption", () => {
  const inputs = { stack: "prod", parts: ["application-project", "dns-zone"] };
  const imports = { "application-project": "prj_1", "dns-zone": "z" };
  const last = { inputs, outputs: { ids: imports } };
  const refusal =
    /application-project, dns-zone are managed, but not in the state of stack prod\. Run `castchat-recovery adopt -s prod`/;

  it("refuses what was not adopted, in preview and before anything is created", async () => {
    await expect(async () => adoption.foresee!(context, inputs, undefined, signal)).rejects.toThrow(refusal);
    await expect(async () => adoption.create(context, inputs, signal, operation)).rejects.toThrow(refusal);
    const more = { ...inputs, parts: [...inputs.parts, "dns-record-1"] };
    expect(() => adoption.diff!(context, last, more, nothing)).toThrow(/dns-record-1 is managed, but not in the state/);
    // Apart from the state everything is new; a real `up` of that kind is refused all the same.
    expect(await adoption.foresee!(context, { ...inputs, imports: {} }, undefined, signal)).toEqual({ ids: {} });
    await expect(async () => adoption.create(context, { ...inputs, imports: {} }, signal, operation)).rejects.toThrow(
      refusal,
    );
  });

  it("keeps what was adopted, and sees no change in a program that no longer names the ids", async () => {
    const begun = { ...last, inputs: { ...inputs, imports } };
    expect(adoption.diff!(context, begun, inputs, nothing)).toEqual({ replaces: [], changes: [] });
    expect(await adoption.foresee!(context, inputs, last, signal)).toEqual({ ids: imports });
    const fewer = { ...inputs, parts: ["dns-zone"] };
    expect(adoption.diff!(context, last, fewer, nothing).changes).toEqual(["parts"]);
    expect(await adoption.update!(context, "prod/adoption", last, fewer, signal, operation)).toEqual({
      ids: { "dns-zone": "z" },
    });
  });
});

describe("liveBuild", () => {
  it("says how settings differ from a live project, except for the region, and nothing of one that it cannot see", async () => {
    const build = { framework: "vite", installCommand: "npm ci", functionRegion: "icn1" };
    const live = { framework: "nextjs", nodeVersion: "24.x", buildCommand: "make", functionRegion: "hnd1" };
    const appHost = {
      exportProject: (name: string) => Promise.resolve(name === "castchat" ? {} : undefined),
      buildSettingsIn: () => live,
    };
    const host = { ...context, peerAppHost: () => appHost as unknown as ReturnType<typeof context.appHost> };
    const ask = (projectName: string, more = {}) =>
      liveBuild.invoke(host, { projectName, build: { ...build, ...more } }, signal);
    const differences = [
      'framework is "vite", and "nextjs" in the live project',
      'buildCommand is not set, and "make" in the live project',
      'installCommand is "npm ci", and not set in the live project',
    ];
    expect(await ask("castchat")).toEqual({ differences });
    expect(await ask("castchat", { nodeVersion: "22.x" })).toEqual({
      differences: [...differences, 'nodeVersion is "22.x", and "24.x" in the live project'],
    });
    expect(await ask("elsewhere")).toEqual({ differences: [] });
  });
});

describe("SupabaseProject", () => {
  const inputs = { ...PROJECT.inputs, name: "n" };
  const { outputs } = PROJECT;
  const diff = (news: object, deletionProtection: boolean, unknown = nothing) =>
    supabaseProject.diff!(
      context,
      { inputs: { ...inputs, deletionProtection }, outputs },
      { ...inputs, ...news },
      unknown,
    );

  it.each(["name", "organization", "region"])(
    "with another %s needs a new project, and is refused while protected",
    (key) => {
      expect(diff({ [key]: "other" }, false)).toMatchObject({ replaces: [key] });
      expect(() => diff({ [key]: "other" }, true)).toThrow(
        new RegExp(`Supabase project n \\(abc\\) is protected, and another ${key}`),
      );
      // Removing the protection in the same run is no way around it.
      expect(() => diff({ [key]: "other", deletionProtection: false }, true)).toThrow(UserError);
    },
  );

  it("counts a name that is not known yet as another name", () => {
    expect(() => diff({}, true, new Set(["name"]))).toThrow(UserError);
  });

  it("names a way out with settings that exist", () => {
    const refused = () => diff({ region: "other" }, true);
    expect(refused).toThrow(/`pulumi config set protect false`/);
    expect(refused).not.toThrow(/deletionProtection/);
    const { inputs: own } = PROJECT;
    const from = (news: object) => () => supabaseProject.diff!(context, PROJECT, { ...own, ...news }, nothing);
    expect(from({ region: "other" })).toThrow(/A higher generation creates a new project/);
    expect(from({ name: "castchat-dr-g3" })).toThrow(/`castchat-recovery generation release 2`/);
  });

  it("is only a record if an earlier generation was never created, and is never created from it", async () => {
    const olds = { inputs: { ...inputs, kept: true }, outputs: { ...outputs, ref: "", connectionString: "" } };
    expect(supabaseProject.diff!(context, olds, olds.inputs, nothing)).toEqual({ replaces: [], changes: [] });
    expect(() => supabaseProject.diff!(context, olds, inputs, nothing)).toThrow(/Raise generation to a number/);
    // The context has no token: any call would fail.
    expect(await supabaseProject.read(context, "never-made", olds, signal)).toMatchObject({ id: "never-made" });
    await supabaseProject.delete(context, "never-made", olds, signal, operation);
  });

  it("keeps its password, whatever other one the program has for its creation, also in a state of before", () => {
    expect(diff({ initialPassword: "other" }, true)).toEqual({ replaces: [], changes: [] });
    expect(diff({}, true, new Set(["initialPassword"]))).toEqual({ replaces: [], changes: [] });
  });

  it("becomes an earlier generation's without a change, whatever region is set now", () => {
    expect(diff({ kept: true }, true)).toEqual({ replaces: [], changes: [] });
  });

  it("changes its protection in place, without a call", async () => {
    expect(diff({ deletionProtection: false }, true)).toEqual({ replaces: [], changes: ["deletionProtection"] });
    expect(await supabaseProject.update!(context, "abc", { inputs, outputs }, inputs, signal, operation)).toEqual(
      outputs,
    );
  });
});

describe("DatabaseRestore", () => {
  const { inputs, outputs } = RESTORE;
  const diff = (news: object, unknown = nothing) =>
    databaseRestore.diff!(context, RESTORE, { ...inputs, ...news }, unknown);
  const unreachable = { ...inputs, connectionString: "postgresql://postgres:a@127.0.0.1:9/postgres" };

  it.each<[string, object]>([
    ["another backup", { backup: "20260702T020000Z-1a2b3c" }],
    ["another time", { at: "2026-07-01T02:00:00Z" }],
    ["another generation in the same database", { generation: 3 }],
    ["both another backup and another generation", { backup: "20260702T020000Z-1a2b3c", generation: 3 }],
  ])("is refused in preview with %s", (_what, news) => {
    expect(() => diff(news)).toThrow(
      /was restored into this database with generation 2, .* needs a new generation, which creates a new database .*`pulumi config set generation 3`/,
    );
  });

  it("accepts the restored backup by name", () => {
    expect(diff({ backup: outputs.backupId })).toEqual({ replaces: [], changes: [] });
    expect(() => diff({ backup: outputs.backupId, at: "2026-07-01T02:00:00Z" })).toThrow(UserError);
    expect(() => diff({ backup: outputs.backupId, generation: 3 })).toThrow(UserError);
  });

  it("is made again in another database, whatever else changes, also in a database that is not known yet", () => {
    expect(diff({ connectionString: "postgresql://postgres:a@other:5432/postgres", generation: 3 }).replaces).toEqual([
      "connectionString",
    ]);
    expect(diff({ generation: 3 }, new Set(["connectionString"])).replaces).toEqual(["connectionString"]);
  });

  it("ignores another password, other trusted keys or another vault", () => {
    expect(diff({ connectionString: "postgresql://postgres:b@h:5432/postgres" })).toEqual({
      replaces: [],
      changes: ["connectionString"],
    });
    const [key = ""] = inputs.trustedWriterKeys;
    expect(diff({ trustedWriterKeys: [key, key], vaultBucket: "other" })).toEqual({ replaces: [], changes: [] });
  });

  it("accepts keys that are not known before the stack's own key exists", () => {
    expect(check(databaseRestore.inputs, { ...inputs, trustedWriterKeys: UNKNOWN }).faults).toEqual([]);
    expect(diff({}, new Set(["trustedWriterKeys"]))).toEqual({ replaces: [], changes: [] });
  });

  it("becomes a record of an earlier generation without a change, and without a restore", async () => {
    expect(diff({ kept: true })).toEqual({ replaces: [], changes: [] });
    const lines: string[] = [];
    const heard = { ...operation, warn: (line: string) => void lines.push(line) };
    const gone = { ...unreachable, kept: true };
    const made = await databaseRestore.create(context, gone, signal, heard);
    expect(made.outputs).toMatchObject({ backupId: "", notes: ["The restore of generation 2 was never finished."] });
    expect(lines).toEqual([expect.stringContaining("127.0.0.1:9 cannot be reached")]);
    const empty = { inputs: gone, outputs: made.outputs };
    expect(await databaseRestore.read(context, made.id, empty, signal)).toMatchObject({ id: made.id });
    expect(() => databaseRestore.diff!(context, empty, { ...gone, kept: undefined }, nothing)).toThrow(
      /Raise generation to a number/,
    );
  });

  it("reads a state that is older than notes as one without notes", async () => {
    const before: Partial<typeof outputs> = { ...outputs };
    delete before.notes;
    const old = { inputs, outputs: before as typeof outputs };
    expect(databaseRestore.diff!(context, old, inputs, nothing)).toEqual({ replaces: [], changes: [] });
    expect(await databaseRestore.update!(context, "r", old, inputs, signal, operation)).toMatchObject(outputs);
  });

  it("changes no data when it is deleted, and keeps its outputs in an update", async () => {
    // The context has no credentials and no database: any call would fail.
    await databaseRestore.delete(context, "r", RESTORE, signal, operation);
    // A preview would call an output unknown that is left out.
    const stated = { ...outputs, project: null, parts: null, selection: null };
    expect(await databaseRestore.update!(context, "r", RESTORE, inputs, signal, operation)).toEqual(stated);
    const later = { inputs, outputs: stated };
    expect(await databaseRestore.update!(context, "r", later, inputs, signal, operation)).toEqual(stated);
  });

  it("fails when its database cannot be reached instead of counting as gone, and cannot be imported", async () => {
    const last = { inputs: unreachable, outputs };
    await expect(databaseRestore.read(context, "r", last, signal)).rejects.toThrow(/cannot be reached/);
    await expect(databaseRestore.read(context, "r", undefined, signal)).rejects.toThrow(/cannot be imported/);
  });
});

describe("PrimaryFence", () => {
  const names = { organization: "o", databaseName: "castchat-prod", leftDatabaseName: "castchat-dr-g2" };
  const inputs = { ...names, generation: 3 };
  const diff = (news: object) =>
    primaryFence.diff!(context, { inputs, outputs: { results: [] } }, { ...inputs, ...news }, nothing);

  it("acts again for another generation, but not because the replaced one is released", () => {
    expect(diff({ generation: 4 }).replaces).toEqual(["generation"]);
    expect(diff({ leftDatabaseName: undefined })).toEqual({ replaces: [], changes: [] });
  });

  it("does not stop a recovery that lacks a token: it warns of each part, and the state keeps the reasons", async () => {
    const warnings: string[] = [];
    const warned = { ...operation, warn: (line: string) => void warnings.push(line) };
    const wanted = { ...inputs, vercelProject: "castchat" };
    const { results } = (await primaryFence.create(context, wanted, signal, warned)).outputs;
    expect(results.map(({ part, fenced, reason }) => [part, fenced, reason.split(" ")[0]])).toEqual([
      ["database", false, "SUPABASE_ACCESS_TOKEN"],
      ["application", false, "VERCEL_API_TOKEN"],
      ["earlier generation", false, "SUPABASE_ACCESS_TOKEN"],
    ]);
    expect(warnings).toHaveLength(3);
    expect(warnings[1]).toMatch(
      /^The primary's application could not be stopped: VERCEL_API_TOKEN is not set: .* is lost\.$/,
    );
  });
});

describe("Generations", () => {
  const inputs = { generation: 2, stack: "dr", publicName: "app.a.example", zoneName: "a.example", organization: "o" };
  const olds = { inputs, outputs: { first: 2, declared: [2] } };
  const held = (content: string) => ({
    ...context,
    dns: () =>
      ({
        zoneId: () => Promise.resolve("zone"),
        records: (_zone: string, name: string) => Promise.resolve([{ id: "r", type: "TXT", name, content, ttl: 60 }]),
      }) as unknown as ReturnType<RecoveryContext["dns"]>,
  });

  it("adds a generation and forgets none, and shows that in the preview", async () => {
    expect(generations.diff!(context, olds, { ...inputs, generation: 5 }, nothing)).toEqual({
      replaces: [],
      changes: ["generation"],
    });
    expect(generations.diff!(context, olds, { ...inputs, zoneName: "b.example" }, nothing).changes).toEqual([]);
    const expected = { first: 2, declared: [2, 5] };
    expect(await generations.foresee!(context, { ...inputs, generation: 5 }, olds, signal)).toEqual(expected);
    const news = { ...inputs, generation: 5 };
    expect(await generations.update!(context, "id", olds, news, signal, operation)).toEqual(expected);
    // Back to the lower number: the higher generation stays.
    const later = { inputs: news, outputs: expected };
    expect(await generations.update!(context, "id", later, inputs, signal, operation)).toEqual(expected);
  });

  it.each([
    ["another stack holds the name", "stack=prod;generation=1", 2, { first: 2, declared: [2] }],
    ["the stack holds it with this generation", "stack=dr;generation=2", 2, { first: 2, declared: [2] }],
    ["an earlier version has recovered a lower generation", "stack=dr;generation=2", 3, { first: 2, declared: [2, 3] }],
  ])("begins with the right generation if %s", async (_case, lease, generation, expected) => {
    const wanted = { ...inputs, generation };
    expect(await generations.foresee!(held(lease), wanted, undefined, signal)).toEqual(expected);
    expect((await generations.create(held(lease), wanted, signal, operation)).outputs).toEqual(expected);
  });

  it("drops in a refresh what is gone at Supabase, but never the present generation", async () => {
    const project = (name: string) => ({ name, organization: "o" });
    const projects = [project("castchat-dr-g4"), { ...project("castchat-dr-g3"), organization: "x" }];
    const seen = {
      ...context,
      databaseHost: () =>
        ({ projects: () => Promise.resolve(projects) }) as unknown as ReturnType<RecoveryContext["databaseHost"]>,
    };
    const last = { inputs: { ...inputs, generation: 5 }, outputs: { first: 2, declared: [2, 3, 4, 5] } };
    expect((await generations.read(seen, "id", last, signal))!.outputs).toEqual({ first: 2, declared: [4, 5] });
  });
});

describe("AppDeployment", () => {
  const source = { sourceUrl: "https://github.com/o/r.git", sourceRef: "main" };
  const inputs = { projectId: "p", projectName: "web", ...source, environmentHash: "1" };
  const outputs = { deploymentId: "d", url: "https://d.vercel.app", commit: "c1", newestCommit: "c1", durationMs: 1 };
  const diff = (news: object, newestCommit = "c1") =>
    appDeployment.diff!(context, { inputs, outputs: { ...outputs, newestCommit } }, { ...inputs, ...news }, nothing);

  it("is unchanged while its inputs are, and a new deployment for another environment, branch or newest commit", () => {
    expect(diff({})).toEqual({ replaces: [], changes: [] });
    expect(diff({ environmentHash: "2" }).changes).toEqual(["environmentHash"]);
    expect(diff({ sourceRef: "next" }).changes).toEqual(["sourceRef"]);
    expect(diff({}, "c2").changes).toEqual(["sourceRef"]);
    expect(diff({ projectId: "q" }).replaces).toEqual(["projectId"]);
    expect(diff({ fallbackUrls: ["https://gitlab.com/g/r.git"] }).changes).toEqual([]);
  });
});

describe("TrafficSwitch", () => {
  const { inputs, outputs } = TRAFFIC;
  const diff = (news: object, holder = outputs.holder, unknown = nothing) =>
    trafficSwitch.diff!(context, { inputs, outputs: { ...outputs, holder } }, { ...inputs, ...news }, unknown);

  it("follows its deployment, and is made again for another name", () => {
    expect(diff({ deploymentUrl: "https://e.vercel.app" })).toEqual({ replaces: [], changes: ["deploymentUrl"] });
    expect(diff({}, outputs.holder, new Set(["deploymentUrl"])).changes).toEqual(["deploymentUrl"]);
    expect(diff({ publicName: "b.castchat.jp" }).replaces).toEqual(["publicName"]);
  });

  it("refuses a lower generation in preview", () => {
    expect(() => diff({ generation: 1 })).toThrow(/may only rise: it is 2, not 1/);
  });

  it("changes nothing by itself when its name is lost, and nothing at all without a higher generation", () => {
    expect(diff({}, "stack=prod;generation=3")).toEqual({ replaces: [], changes: [] });
    expect(() => diff({ deploymentUrl: "https://e.vercel.app" }, "stack=prod;generation=3")).toThrow(
      /Stack .* no longer holds/,
    );
    expect(diff({ generation: 4 }, "stack=prod;generation=3").changes).toEqual(["generation"]);
  });

  it("cannot be imported", async () => {
    await expect(trafficSwitch.read(context, "app.castchat.jp", undefined, signal)).rejects.toThrow(
      /_castchat-recovery\.app\.castchat\.jp, and run `pulumi up`/,
    );
  });
});

describe("TrafficCheck", () => {
  const { publicName, ...target } = TRAFFIC.inputs;
  const inputs = { ...target, names: [{ publicName, shown: ["as it was"] }] };
  const outputs = { proven: [publicName] };
  const diff = (news: object, unknown = nothing) =>
    trafficCheck.diff!(context, { inputs, outputs }, { ...inputs, ...news }, unknown);

  it("is made again for another deployment, generation or name, and not for another reading", async () => {
    expect(diff({ names: [{ publicName, shown: ["as it is"], takeover: true }] }).changes).toEqual([]);
    expect(diff({ names: [{ publicName }, { publicName: "b.castchat.jp" }] }).changes).toEqual(["names"]);
    expect(diff({ generation: 3 })).toEqual({ replaces: [], changes: ["generation"] });
    expect(diff({}, new Set(["deploymentUrl"])).changes).toEqual(["deploymentUrl"]);
    expect(await trafficCheck.read(context, "check", { inputs, outputs }, signal)).toMatchObject({ inputs, outputs });
  });
});

describe("inputs", () => {
  const source = { sourceUrl: "https://github.com/o/r.git", sourceRef: "main" };
  const deployment = { projectId: "p", projectName: "web", ...source, environmentHash: "1" };
  const { publicName, ...target } = TRAFFIC.inputs;
  const CHECK = { ...target, names: [{ publicName }] };
  type Schema = { inputs: { safeParse: (input: unknown) => { success: boolean } } };
  it.each<[type: string, resource: Schema, right: object, wrong: Record<string, unknown[]>]>([
    ["SupabaseProject", supabaseProject, PROJECT.inputs, { name: ["a.b", ""], region: ["Tokyo", "ap-northeast-3"] }],
    ["SupabaseProject", supabaseProject, PROJECT.inputs, { initialPassword: ["", undefined] }],
    ["SupabaseProject", supabaseProject, PROJECT.inputs, { size: ["large"], deletionProtection: ["yes"] }],
    ["DatabaseRestore", databaseRestore, RESTORE.inputs, { trustedWriterKeys: [[], ["ssh-rsa x"]], generation: [0] }],
    ["DatabaseRestore", databaseRestore, RESTORE.inputs, { backup: ["latest"], at: ["2026-07-01 02:00"] }],
    ["DatabaseRestore", databaseRestore, RESTORE.inputs, { target: ["x"] }],
    ["AppDeployment", appDeployment, deployment, { sourceUrl: ["git@github.com:o/r.git"], healthPath: ["health"] }],
    ["AppDeployment", appDeployment, deployment, { commit: ["x"], fallbackUrls: [["git@github.com:o/r.git"]] }],
    ["TrafficSwitch", trafficSwitch, TRAFFIC.inputs, { publicName: ["App.example", "app"], stack: ["a;b"] }],
    ["TrafficSwitch", trafficSwitch, TRAFFIC.inputs, { generation: [1.5], ttl: [60] }],
    ["TrafficCheck", trafficCheck, CHECK, { names: [[], [{ publicName: "App" }]], stack: ["a;b"] }],
  ])("of %s are refused with %j", (_type, resource, right, wrong) => {
    expect(resource.inputs.safeParse(right).success).toBe(true);
    for (const [key, values] of Object.entries(wrong))
      for (const value of values)
        expect([value, resource.inputs.safeParse({ ...right, [key]: value }).success]).toEqual([value, false]);
  });
});

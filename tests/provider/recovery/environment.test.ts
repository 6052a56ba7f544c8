import { beforeAll, describe, expect, it } from "@jest/globals";

import { compare } from "../../../provider/host/comparing.ts";
import { resource } from "../../../provider/host/definition.ts";
import { appEnvironment } from "../../../provider/recovery/appEnvironment.ts";
import type { RecoveryContext } from "../../../provider/recovery/context.ts";
import { sealedEnvironment } from "../../../provider/recovery/sealedEnvironment.ts";
import { importVariables } from "../../../recovery/environment/importVariables.ts";
import { OUR_COMMENT } from "../../../recovery/environment/setVariables.ts";
import type { SealedVariable } from "../../../recovery/vault/environmentPart.ts";
import { UserError } from "../../../services/common/errors.ts";
import { newAgeKey } from "../../recovery/support/ageKey.ts";
import { startTestCloud } from "../../recovery/support/cloud.ts";
import { newSite, type Site } from "../../recovery/support/source.ts";
import { expectRefusal } from "../../support/refusal.ts";
import { forSuite } from "../../support/suite.ts";
import { CONTEXT } from "./examples.ts";
import { startMiniCloud } from "./miniCloud.ts";
import { makeProject } from "./tinyApp.ts";

const cloud = forSuite(startMiniCloud);
const aws = forSuite(startTestCloud);
const signal = new AbortController().signal;
let site: Site;
let key: Awaited<ReturnType<typeof newAgeKey>>;
let supabaseRef: string;
let connectionString: string;
const reports: string[] = [];
const warnings: string[] = [];
const operation = {
  name: "x",
  urn: "urn",
  report: (line: string) => void reports.push(line),
  warn: (line: string) => void warnings.push(line),
};

beforeAll(async () => {
  site = await newSite(aws);
  key = await newAgeKey();
  const project = { name: "db", organization: "castchat", region: "eu-west-1", password: "long password" };
  supabaseRef = (await cloud.databaseHost.createProject(project)).ref;
  connectionString = `postgresql://postgres.${supabaseRef}:p%40ss@aws-0-x.pooler.supabase.com:5432/postgres`;
});

const context = (withIdentity = true): RecoveryContext => ({
  ...CONTEXT,
  appHost: () => cloud.appHost,
  databaseHost: () => cloud.databaseHost,
  vault: () => site.vault,
  opener: () => Promise.resolve(withIdentity ? key.opener : undefined),
});
const variable = (name: string, value: string, more: Partial<SealedVariable> = {}): SealedVariable => ({
  key: name,
  targets: ["production"],
  value,
  drill: { is: "unset" },
  ...more,
});
const from = (name: string, source: string): SealedVariable => ({
  key: name,
  targets: ["production"],
  from: source,
  drill: { is: "same" },
});
const seal = async (app: string, ...variables: SealedVariable[]) => {
  const { common, signer } = site;
  return (await importVariables({ ...common, signer, app, variables, ...key }))!.backupId;
};
const place = () => ({ vaultBucket: site.vault.name, trustedWriterKeys: site.trustedKeys });
const wanted = (projectId: string, backupId: string, mode: "active" | "drill" = "active") => ({
  ...place(),
  projectId,
  mode,
  backupId,
  supabaseRef,
  connectionString,
  connection: "transaction" as const,
  except: [{ key: "DATABASE_URL", targets: ["production" as const] }],
});
const sealed = (app?: string, mode: "active" | "drill" = "active", generation = 2) => ({
  ...place(),
  projectName: "castchat-dr",
  ...(app !== undefined && { app }),
  mode,
  stack: "dr",
  generation,
});
const listed = async (projectId: string) =>
  (await cloud.appHost.listVariables(projectId)).map(({ key: name, type }) => `${name} ${type}`).sort();
/** What a deployment would see; the API shows no sensitive value. */
const valuesIn = (projectId: string) => cloud.variablesOf(projectId);

describe("SealedEnvironment", () => {
  it("chooses the newest variables, and says their names, not their values", async () => {
    const backupId = await seal(
      "chosen",
      variable("TOKEN", "hunter2"),
      variable("FLAG", "on", { drill: { is: "same" } }),
    );
    const expected = { backupId, newestId: backupId, unsetInDrill: ["TOKEN"] };
    expect(await sealedEnvironment.foresee!(context(), sealed("chosen"), undefined, signal)).toEqual(expected);
    expect(await sealedEnvironment.create(context(), sealed("chosen"), signal, operation)).toEqual({
      id: "dr/castchat-dr",
      outputs: expected,
    });
  });

  it("ends a preview without the identity, before anything is built, with both ways to continue", async () => {
    await seal("closed", variable("TOKEN", "hunter2"));
    for (const work of [
      async () => sealedEnvironment.foresee!(context(false), sealed("closed"), undefined, signal),
      async () => (await sealedEnvironment.create(context(false), sealed("closed"), signal, operation)).outputs,
    ])
      await expectRefusal(
        work(),
        UserError,
        /no age identity is set to open them\. Nothing was built yet\..*export CASTCHAT_AGE_IDENTITY_FILE=.*`pulumi config set withoutVariables true -s dr`/,
      );
  });

  it("continues with a warning if the vault has no variables of the app", async () => {
    warnings.length = 0;
    const { outputs } = await sealedEnvironment.create(context(false), sealed("none"), signal, operation);
    expect(outputs).toEqual({ backupId: "", newestId: "", unsetInDrill: [] });
    expect(warnings).toEqual([
      expect.stringMatching(
        /No variables of castchat-dr are sealed.*`castchat-recovery env import FILE -s dr --app none`/,
      ),
    ]);
  });

  it("takes newer variables after a refresh or in another recovery, and is unchanged without", async () => {
    const first = await seal("moving", variable("TOKEN", "1"));
    const inputs = sealed("moving");
    const { outputs } = await sealedEnvironment.create(context(), inputs, signal, operation);
    const table = resource(sealedEnvironment);
    const changes = (olds: object, news: object) => [
      ...compare(table, context(), { inputs: { ...inputs }, outputs: { ...olds } }, { ...news }).changes,
    ];
    expect(changes(outputs, inputs)).toEqual([]);
    expect(changes(outputs, { ...inputs, generation: 3 })).toEqual(["generation"]);
    expect(changes(outputs, { ...inputs, mode: "drill" })).toEqual(["mode"]);
    const second = await seal("moving", variable("TOKEN", "2"));
    // A refresh needs no identity.
    const read = await sealedEnvironment.read(context(false), "id", { inputs, outputs }, signal);
    expect(read?.outputs).toEqual({ ...outputs, backupId: first, newestId: second });
    expect(changes(read!.outputs, inputs)).toEqual(["vaultBucket"]);
    expect(await sealedEnvironment.update!(context(), "id", read!, inputs, signal, operation)).toMatchObject({
      backupId: second,
      newestId: second,
    });
  });
});

describe("AppEnvironment", () => {
  it("sets every variable of a recovery as sensitive, those of the database from the recovered one", async () => {
    const projectId = await makeProject(cloud, "active-app", {});
    const backupId = await seal(
      "active",
      variable("STRIPE_SECRET_KEY", "sk_live_hunter2", { targets: ["production", "preview", "development"] }),
      from("NEXT_PUBLIC_SUPABASE_URL", "supabaseUrl"),
      from("SERVICE_KEY", "serviceRoleKey"),
      from("PGPASSWORD", "databasePassword"),
      from("DATABASE_URL", "databaseUrl"),
    );
    const inputs = wanted(projectId, backupId);
    const { id, outputs } = await appEnvironment.create(context(), inputs, signal, operation);
    expect(id).toBe(projectId);
    expect(outputs).toEqual({
      names: ["NEXT_PUBLIC_SUPABASE_URL", "PGPASSWORD", "SERVICE_KEY", "STRIPE_SECRET_KEY"],
      missing: [],
      digest: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown,
    });
    expect(await listed(projectId)).toEqual([
      "NEXT_PUBLIC_SUPABASE_URL sensitive",
      "PGPASSWORD sensitive",
      "SERVICE_KEY sensitive",
      "STRIPE_SECRET_KEY encrypted",
      "STRIPE_SECRET_KEY sensitive",
    ]);
    expect(await valuesIn(projectId)).toMatchObject({
      STRIPE_SECRET_KEY: "sk_live_hunter2",
      NEXT_PUBLIC_SUPABASE_URL: cloud.databaseHost.apiUrl(supabaseRef),
      SERVICE_KEY: await cloud.databaseHost.secretKey(supabaseRef),
      PGPASSWORD: "p@ss",
    });
    // What the engine keeps and shows of it.
    expect(JSON.stringify([outputs, reports, warnings])).not.toContain("hunter2");
    expect(await appEnvironment.foresee!(context(), inputs, undefined, signal)).toEqual(outputs);
  });

  it("sets in a drill only what is meant for drills, and in the next recovery everything again", async () => {
    const projectId = await makeProject(cloud, "drill-app", {});
    const backupId = await seal(
      "drill",
      variable("STRIPE_SECRET_KEY", "sk_live_hunter2", { drill: { is: "value", value: "sk_test" } }),
      variable("RESEND_API_KEY", "hunter2"),
      variable("FLAG", "on", { drill: { is: "same" }, targets: ["production", "preview"] }),
      from("POSTGRES_URL", "databaseUrl"),
      from("DIRECT_URL", "sessionUrl"),
    );
    const drill = wanted(projectId, backupId, "drill");
    const { outputs } = await appEnvironment.create(context(), drill, signal, operation);
    expect(await valuesIn(projectId)).toEqual({
      STRIPE_SECRET_KEY: "sk_test",
      FLAG: "on",
      POSTGRES_URL: connectionString.replace(":5432", ":6543"),
      DIRECT_URL: connectionString,
    });
    const active = wanted(projectId, backupId);
    const table = resource(appEnvironment);
    const olds = { inputs: { ...drill }, outputs: { ...outputs } };
    expect([...compare(table, context(), olds, { ...active }).changes]).toEqual(["mode"]);
    const updated = await appEnvironment.update!(
      context(),
      projectId,
      { inputs: drill, outputs },
      active,
      signal,
      operation,
    );
    expect(await valuesIn(projectId)).toMatchObject({
      STRIPE_SECRET_KEY: "sk_live_hunter2",
      RESEND_API_KEY: "hunter2",
    });
    expect(updated.digest).not.toBe(outputs.digest);
  });

  it("does not touch variables of people, when it sets and when it deletes, and says which", async () => {
    const projectId = await makeProject(cloud, "mixed-app", { FLAG: "by hand", OTHER: "x" });
    const backupId = await seal("mixed", variable("FLAG", "sealed"), variable("TOKEN", "hunter2"));
    const inputs = wanted(projectId, backupId);
    warnings.length = 0;
    const { outputs } = await appEnvironment.create(context(), inputs, signal, operation);
    expect(outputs.names).toEqual(["TOKEN"]);
    expect(warnings).toEqual([expect.stringMatching(/were set there by hand, and keep their values: FLAG\./)]);
    expect(await valuesIn(projectId)).toEqual({ FLAG: "by hand", OTHER: "x", TOKEN: "hunter2" });
    await appEnvironment.delete(context(false), projectId, { inputs, outputs }, signal, operation);
    await appEnvironment.delete(context(false), projectId, { inputs, outputs }, signal, operation);
    expect(await valuesIn(projectId)).toEqual({ FLAG: "by hand", OTHER: "x" });
  });

  it("finishes what an interrupted run has begun, and removes what is no longer sealed", async () => {
    const projectId = await makeProject(cloud, "again-app", {});
    const note = { targets: ["production"], comment: OUR_COMMENT };
    await cloud.appHost.createVariables(projectId, [
      { key: "TOKEN", value: "half", ...note },
      { key: "GONE", value: "x", ...note },
    ]);
    const backupId = await seal("again", variable("TOKEN", "hunter2"), variable("NEW", "1"));
    await appEnvironment.create(context(), wanted(projectId, backupId), signal, operation);
    expect(await valuesIn(projectId)).toEqual({ TOKEN: "hunter2", NEW: "1" });
  });

  it("notices in a refresh that a variable is gone, and sets it again; without a project it is gone itself", async () => {
    const projectId = await makeProject(cloud, "drift-app", {});
    const backupId = await seal("drift", variable("TOKEN", "hunter2"), variable("FLAG", "on"));
    const inputs = wanted(projectId, backupId);
    const { outputs } = await appEnvironment.create(context(), inputs, signal, operation);
    const [token] = (await cloud.appHost.listVariables(projectId)).filter((one) => one.key === "TOKEN");
    await cloud.appHost.removeVariable(projectId, token!.id);
    const read = await appEnvironment.read(context(false), projectId, { inputs, outputs }, signal);
    expect(read?.outputs).toEqual({ ...outputs, missing: ["TOKEN"] });
    const table = resource(appEnvironment);
    const olds = { inputs: { ...inputs }, outputs: { ...read!.outputs } };
    expect([...compare(table, context(), olds, { ...inputs }).changes]).toEqual(["backupId"]);
    expect(await appEnvironment.update!(context(), projectId, read!, inputs, signal, operation)).toEqual(outputs);
    expect(await valuesIn(projectId)).toEqual({ TOKEN: "hunter2", FLAG: "on" });
    expect(await appEnvironment.read(context(false), "prj_absent", { inputs, outputs }, signal)).toBeUndefined();
  });

  it("sets nothing without sealed variables, needs no identity for that, and takes its own away", async () => {
    const projectId = await makeProject(cloud, "empty-app", { FLAG: "by hand" });
    const nothing = { names: [], missing: [], digest: "" };
    expect((await appEnvironment.create(context(false), wanted(projectId, ""), signal, operation)).outputs).toEqual(
      nothing,
    );
    expect(await appEnvironment.foresee!(context(false), wanted(projectId, ""), undefined, signal)).toEqual(nothing);
    expect(await valuesIn(projectId)).toEqual({ FLAG: "by hand" });
  });
});

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

import { PROJECT_ROOT } from "../../../lab/sandbox/host/layout.ts";
import type { StateResource } from "../../../recovery/pulumi/exportedState.ts";
import { pulumiClient } from "../../../recovery/pulumi/pulumi.ts";
import { repairCheckpoint } from "../../../recovery/pulumi/pulumiCheckpoint.ts";
import { readUpdateLocks } from "../../../recovery/pulumi/pulumiLocks.ts";
import { adoptHalfMadeProject } from "../../../recovery/site/halfMadeProject.ts";
import { findLeftResources, SETTLEMENTS } from "../../../recovery/site/leftResources.ts";
import { resumeUpdate } from "../../../recovery/site/resumeUpdate.ts";
import { vercelApps } from "../../../services/appHost/vercel.ts";
import { awsNames } from "../../../services/aws/awsNames.ts";
import { cloudflareDns } from "../../../services/dns/cloudflare.ts";
import { startMinistackProcess } from "../../lab/sandbox/support/ministackProcess.ts";
import { TestStack } from "../../support/testStack.ts";
import { HoldingProxy, type Moment } from "./support/holdingProxy.ts";
import { namedProgram } from "./support/namedProgram.ts";

const TOKEN = "plugins-token";
const KEY = { AWS_ACCESS_KEY_ID: "AKIASANDBOXRESUME000", AWS_SECRET_ACCESS_KEY: "resume-secret" };
const before = { ...process.env };

interface Deployment {
  resources: StateResource[];
  pending_operations?: { type: string; resource: StateResource }[];
}
interface Checkpoint {
  checkpoint: { latest: Deployment };
}

let stack: TestStack;
let ministack: number | undefined;
let emulators: ChildProcess;
let aws: HoldingProxy;
let at: Record<"vercel" | "github" | "cloudflare", string>;
let vercel: HoldingProxy;
/** When the update began that is killed. */
let begun: Date;

beforeAll(async () => {
  const environment = { ...KEY, VERCEL_API_TOKEN: TOKEN, GITHUB_TOKEN: TOKEN, CLOUDFLARE_API_TOKEN: TOKEN };
  stack = await TestStack.create([join(PROJECT_ROOT, "lab/sandbox/plugins/bin")], environment);
  Object.assign(process.env, KEY);
  const started = await startMinistackProcess(stack.folder, KEY.AWS_ACCESS_KEY_ID);
  ministack = started.pid;
  aws = await HoldingProxy.start(`http://127.0.0.1:${started.port}`);
  const starter = join(PROJECT_ROOT, "tests/lab/sandbox/plugins/support/startEmulators.ts");
  const child = (emulators = spawn("node", [starter, stack.folder, TOKEN], { stdio: ["pipe", "pipe", "inherit"] }));
  at = JSON.parse(((await once(child.stdout, "data")) as [Buffer])[0].toString()) as typeof at;
  vercel = await HoldingProxy.start(at.vercel);
  stack.environment["SANDBOX_VERCEL_URL"] = vercel.address;
}, 60_000);
afterAll(async () => {
  emulators.stdin?.end();
  if (ministack !== undefined) process.kill(ministack, "SIGKILL");
  await aws.stop();
  await vercel.stop();
  await stack.dispose();
  process.env = before;
});

const { signal } = new AbortController();

/** What `castchat-recovery resume` does, and what it says. `project` is the setting vercelProject. */
async function resume(project = "left-app"): Promise<string[]> {
  const said: string[] = [];
  const reporter = (message: string): void => void said.push(message);
  const backend = `file://${join(stack.folder, "state")}`;
  const environment = stack.environment as Record<string, string>;
  const pulumi = pulumiClient({ stack: "test", workspace: stack.folder, environment, onOutput: () => undefined });
  await resumeUpdate({
    pulumi,
    unadopted: () => Promise.resolve([]),
    adoptHalfMade: () => adoptHalfMadeProject({ pulumi, appHost: vercelApi, reporter, signal }, project, "test"),
    stack: "test",
    locks: await readUpdateLocks(backend, "tests", "test"),
    hostname: hostname(),
    ownerIsDead: false,
    repairCheckpoint: () => repairCheckpoint(backend, "tests", "test"),
    endOrphans: () => Promise.resolve([]),
    findLeftResources: (pending, since) =>
      findLeftResources(pending, {
        since,
        region: "ap-northeast-1",
        accountId: "000000000000",
        aws: () => awsNames({ region: "ap-northeast-1", endpoint: aws.address }),
        appHost: () => vercelApps({ token: TOKEN, endpoint: at.vercel }),
        dns: () => cloudflareDns({ token: TOKEN, endpoint: at.cloudflare }),
        reporter,
        signal,
      }),
    reporter,
  });
  return said;
}

const state = async () => (JSON.parse(await stack.rawState()) as Checkpoint).checkpoint.latest;
const nameOf = ({ urn }: { urn: string }) => urn.split("::").at(-1) ?? urn;
const up = () => stack.run("up", "--yes", "--skip-preview");

/** Runs an `up` and kills its engine with kill -9 while a request is held. */
async function killDuring(request: RegExp, moment: Moment): Promise<void> {
  const held = aws.hold(request, moment);
  const options = { cwd: stack.folder, env: stack.environment, stdio: "ignore" } as const;
  const engine = spawn("pulumi", ["up", "--yes", "--skip-preview", "--non-interactive"], options);
  const ended = once(engine, "exit").then(() => Promise.reject(new Error(`no ${request.source} was sent`)));
  await Promise.race([held, ended]);
  engine.kill("SIGKILL");
  await once(engine, "exit");
}

/** Stack, providers and keys: what no name stands in the way of. */
const isKept = ({ type }: { type: string }) => type.startsWith("pulumi:") || type === "aws:kms/key:Key";

/** Puts the stack into the state of an `up` that was killed while everything but the keys was being created at once. */
async function leaveEverythingPending(): Promise<void> {
  await changeState((latest) => {
    latest.pending_operations = latest.resources
      .filter((one) => !isKept(one))
      .map(({ urn, type, ...one }) => {
        delete one.id;
        delete one.outputs;
        return { type: "creating", resource: { urn, type, ...one } };
      });
    latest.resources = latest.resources.filter(isKept);
  });
}

/** Leaves the lock of the killed engine. A process of that id never exists. */
async function leaveLock(): Promise<void> {
  const locks = join(stack.folder, "state/.pulumi/locks/organization/tests/test");
  const lock = { pid: 2 ** 31 - 1, username: "engineer", hostname: hostname(), timestamp: begun.toISOString() };
  await mkdir(locks, { recursive: true });
  await writeFile(join(locks, "22222222-2222-2222-2222-222222222222.json"), JSON.stringify(lock));
}

/** What a test has left in the services is not in the way of the next: each uses names of its own. */
const forgetAll = () => changeState((latest) => Object.assign(latest, { resources: [], pending_operations: [] }));

/** In the file: `pulumi stack import` takes no pending operations. */
async function changeState(change: (latest: Deployment) => void): Promise<void> {
  const whole = JSON.parse(await stack.rawState()) as Checkpoint;
  change(whole.checkpoint.latest);
  await writeFile(stack.stateFile, JSON.stringify(whole));
  await rm(`${stack.stateFile}.attrs`, { force: true });
}

describe("resume after a kill -9 of an up that was creating everything with a name of ours", () => {
  let ids: Map<string, string | undefined>;
  const idsNow = async () => new Map((await state()).resources.map((one) => [nameOf(one), one.id]));

  beforeAll(async () => {
    await stack.program(namedProgram({ ...at, aws: aws.address }));
    begun = new Date();
    await stack.must("up", "--yes", "--skip-preview");
    ids = await idsNow();
  }, 60_000);

  it("knows every type of the official providers that there is to know", async () => {
    const types = (await state()).resources.map(({ type }) => type).filter((type) => !/^pulumi:/.test(type));
    const known = Object.keys(SETTLEMENTS).filter((type) => !type.startsWith("recovery:"));
    expect([...new Set(types)].sort()).toEqual(known.sort());
  });

  it("adopts what exists, under the ids that it had, and ends without a change left", async () => {
    await leaveEverythingPending();
    await leaveLock();
    const said = await resume();
    expect(said.filter((line) => line.startsWith("Variables"))).toEqual([expect.stringMatching(/: ONE, TWO\.$/)]);
    expect(await stack.previewSummary()).toEqual({ same: ids.size });
    const { resources, pending_operations: pending } = await state();
    expect(pending ?? []).toEqual([]);
    const adopted = resources.filter(({ type }) => "adopt" in (SETTLEMENTS[type] ?? {}));
    expect(adopted).toHaveLength(23);
    for (const one of adopted) expect([nameOf(one), one.id]).toEqual([nameOf(one), ids.get(nameOf(one))]);
    expect(await stack.rawState()).not.toMatch(/swordfish|marlin/);
  }, 90_000);

  it("forgets what does not exist, and the up makes it", async () => {
    const whole = await state();
    const key = whole.resources.find(({ type }) => type === "aws:kms/key:Key");
    await leaveEverythingPending();
    // An engine begins with what depends on nothing that isn't made yet.
    const { pending_operations: all = [] } = await state();
    const pending = all.filter(({ resource }) => (resource.dependencies ?? []).every((urn) => urn === key?.urn));
    expect(pending).toHaveLength(11);
    await changeState((latest) => Object.assign(latest, whole, { pending_operations: [] }));
    await stack.must("destroy", "--yes", "--skip-preview", "--exclude", key?.urn ?? "");
    const resources = whole.resources.filter(isKept);
    await changeState((latest) => Object.assign(latest, { resources, pending_operations: pending }));
    await resume();
    expect(await stack.previewSummary()).toEqual({ same: ids.size });
    await forgetAll();
  }, 90_000);
});

describe("resume after a kill -9 while one resource was being created", () => {
  const program = (more = "") => `
    const aws = require("@pulumi/aws");
    const at = ${JSON.stringify(aws.address)};
    const services = ["s3", "kms", "iam", "sts", "secretsmanager", "cloudtrail", "codebuild", "scheduler", "logs", "sqs"];
    const on = { provider: new aws.Provider("aws", {
      region: "ap-northeast-1", allowedAccountIds: ["000000000000"], endpoints: [Object.fromEntries(services.map((one) => [one, at]))],
    }) };
    const key = new aws.kms.Key("key", { description: "one" }, on);
    const alias = new aws.kms.Alias("alias", { name: "alias/one", targetKeyId: key.keyId }, { ...on, protect: true });
    ${more}`;
  const aliasNow = async () => (await state()).resources.find((one) => nameOf(one) === "alias");
  const SECRET = `new aws.secretsmanager.Secret("secret", { name: "one/secret", recoveryWindowInDays: 7 }, on);`;

  it("adopts an alias that was made, protected as the program wants it", async () => {
    await stack.program(program());
    await killDuring(/CreateAlias/, "after");
    expect((await state()).pending_operations).toHaveLength(1);
    await resume();
    expect(await stack.previewSummary()).toEqual({ same: 4 });
    expect(await aliasNow()).toMatchObject({ id: "alias/one", protect: true });
  }, 60_000);

  it("reads an adopted one from its service also after a kill of resume itself", async () => {
    await changeState(({ resources }) => {
      for (const one of resources) if (nameOf(one) === "alias") delete one.outputs;
    });
    await resume();
    expect((await aliasNow())?.outputs).toMatchObject({ name: "alias/one" });
  }, 60_000);

  it("makes a secret that was not made", async () => {
    await stack.program(program(SECRET));
    await killDuring(/CreateSecret/, "before");
    expect((await state()).pending_operations).toHaveLength(1);
    await resume();
    expect(await stack.previewSummary()).toEqual({ same: 5 });
  }, 60_000);

  it("says how to free the name of a secret that was marked for deletion, and forgets it", async () => {
    const names = awsNames({ region: "ap-northeast-1", endpoint: aws.address });
    await stack.program(program());
    await stack.must("up", "--yes", "--skip-preview");
    expect((await names.secret("one/secret"))?.deletedAt).toBeInstanceOf(Date);
    expect(await names.secret("never/made")).toBeUndefined();
    const said: string[] = [];
    const pending = [{ urn: "u", type: "aws:secretsmanager/secret:Secret", inputs: { name: "one/secret" } }];
    const ports = { region: "", accountId: "", aws: () => names, appHost: never, dns: never };
    expect(await findLeftResources(pending, { ...ports, signal, reporter: (line) => said.push(line) })).toEqual(
      new Map(),
    );
    expect(said.join("")).toMatch(
      /^The secret one\/secret was marked for deletion at 20.*restore-secret --secret-id one\/secret/,
    );
  }, 60_000);
});

describe("resume after an up that made a Vercel project half", () => {
  const program = (name: string) => `
    const vercel = require("@pulumiverse/vercel");
    const onVercel = { provider: new vercel.Provider("vercel", {}) };
    class Site extends pulumi.ComponentResource {
      constructor() {
        super("tests:index:Site", "site");
        new vercel.Project("app", { name: ${JSON.stringify(name)} }, { ...onVercel, parent: this });
      }
    }
    new Site();`;
  beforeAll(forgetAll);
  const projects = async () => (await stack.resources()).filter(({ type }) => type === "vercel:index/project:Project");

  it("takes the empty project into the state, and ends without a change left", async () => {
    await stack.program(program("half"));
    vercel.refuse(/PATCH .*projects/);
    expect((await up()).text).toContain("Refused by the test.");
    expect(await projects()).toEqual([]);
    expect((await up()).text).toContain('Project "half" already exists');
    const { id } = (await vercelApi().project("half"))!;

    const said = await resume("half");
    expect(said.join("\n")).toContain(`Vercel project half (${id}) was made by an update that broke off, and is empty`);
    expect(await projects()).toMatchObject([{ id, inputs: { name: "half" } }]);
    expect(await stack.previewSummary()).toEqual({ same: 4 });
    expect((await resume("half")).join("\n")).not.toContain("broke off");
    await forgetAll();
  }, 90_000);

  it("leaves a project as it is that holds anything, and says what to type", async () => {
    const headers = { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" };
    const post = (path: string, body: object) =>
      fetch(at.vercel + path, { method: "POST", headers, body: JSON.stringify(body) });
    await post("/v11/projects", { name: "theirs" });
    await post("/v10/projects/theirs/env", { key: "LIVE", value: "1", type: "plain", target: ["production"] });
    const before = await vercelApi().exportProject("theirs");
    await stack.program(program("theirs"));
    expect((await up()).text).toContain("already exists");
    await expect(resume("theirs")).rejects.toThrow(
      /^Vercel project theirs \(prj_\w+\) exists and holds variables \(LIVE\), but stack test did not make it.*pulumi import vercel:index\/project:Project app prj_\w+ --stack test --parent 'parent=urn:pulumi:test::tests::tests:index:Site::site' --provider 'provider=urn:pulumi:test::tests::pulumi:providers:vercel::vercel'$/,
    );
    expect(await projects()).toEqual([]);
    expect(await vercelApi().exportProject("theirs")).toEqual(before);
    await forgetAll();
  }, 90_000);
});

function vercelApi() {
  return vercelApps({ token: TOKEN, endpoint: at.vercel });
}

function never(): never {
  throw new Error("nothing of that service is pending");
}

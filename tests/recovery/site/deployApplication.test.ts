import { existsSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { beforeAll, describe, expect, it } from "@jest/globals";

import { layout } from "../../../lab/sandbox/host/layout.ts";
import { applicationHealth } from "../../../recovery/site/applicationHealth.ts";
import {
  deployApplication,
  type DeploymentPorts,
  removeDeployment,
  type WantedDeployment,
} from "../../../recovery/site/deployApplication.ts";
import { edgeThroughProtection } from "../../../recovery/site/deploymentProtection.ts";
import { systemClock } from "../../../services/common/clock.ts";
import { silent } from "../../../services/common/reporter.ts";
import { realTiming } from "../../../services/common/timing.ts";
import { startMiniCloud } from "../../provider/recovery/miniCloud.ts";
import { commitFiles, makeProject, setVariable, TINY_SERVER } from "../../provider/recovery/tinyApp.ts";
import { forSuite } from "../../support/suite.ts";

const signal = new AbortController().signal;
const quick = { firstMs: 20, longestMs: 100, limitMs: 10_000 };
const timing = { ...realTiming, build: quick, health: quick };
/** Looks every 10 ms, and gives up after `limitMs`. */
const impatient = (limitMs: number) => ({ ...timing, health: { firstMs: 10, longestMs: 10, limitMs } });
const cloud = forSuite(startMiniCloud);
let ports: DeploymentPorts;
let firstCommit: string;

beforeAll(async () => {
  ports = { appHost: cloud.appHost, git: cloud.git, edge: cloud.edge, clock: systemClock, timing };
  firstCommit = await commitFiles(cloud, "castchat/app", {
    "server.mjs": TINY_SERVER,
    "lib/deep/ümlaut 名.txt": "x",
    "empty.txt": "",
  });
});

/** Deploys the app to a project. */
const deploy = (
  projectId: string,
  change: Partial<DeploymentPorts & WantedDeployment> = {},
  reporter = silent,
  aborted = signal,
) => {
  const source = { sourceUrl: cloud.repository("castchat/app"), sourceRef: "main" };
  const wanted = { projectId, projectName: projectId, ...source, ...change };
  return deployApplication({ ...ports, ...change }, wanted, aborted, reporter);
};
/** Expects that a deployment ends with the caller's reason when it is stopped as it says something. */
async function stopped(project: string, at: RegExp): Promise<void> {
  const controller = new AbortController();
  const stop = (line: string) => {
    if (at.test(line)) controller.abort(new Error("Stopped on request."));
  };
  await expect(deploy(project, {}, stop, controller.signal)).rejects.toThrow("Stopped on request.");
}
const production = async (id: string) => (await cloud.appHost.project(id))?.productionId;
const bypasses = async (id: string) => (await cloud.appHost.exportProject(id))!["protectionBypass"] as object;
const leftovers = () => readdirSync(tmpdir()).filter((name) => name.startsWith(`castchat-source-${process.pid}-`));

describe("a deployment", () => {
  it("is uploaded, built, healthy and in production; the next one names it as the way back", async () => {
    const project = await makeProject(cloud, "web");
    const lines: string[] = [];
    const first = await deploy(project, {}, (line) => void lines.push(line));
    expect(first).toMatchObject({
      commit: firstCommit,
      url: expect.stringMatching(/^https:\/\/web-.*\.vercel\.app$/) as unknown,
    });
    expect(first.previousDeploymentId).toBeUndefined();
    expect(await production(project)).toBe(first.deploymentId);
    expect((await cloud.appHost.deployment(first.deploymentId))?.commit).toBe(firstCommit);
    expect(lines.join("\n")).toMatch(/uploading 3 of 3 files/);
    expect(lines.join("\n")).not.toContain(cloud.credentials.githubToken);

    const newer = await commitFiles(cloud, "castchat/app", { "CHANGES.md": "newer\n" });
    lines.length = 0;
    const second = await deploy(project, {}, (line) => void lines.push(line));
    expect(second).toMatchObject({ commit: newer, previousDeploymentId: first.deploymentId });
    // What Vercel has from before is not sent again.
    expect(lines.join("\n")).toMatch(/uploading 1 of 4 files/);
    expect(leftovers()).toEqual([]);
  });

  it("is asked through the project's protection, which stays; the secret goes only to the deployment and is never shown", async () => {
    const project = await makeProject(cloud, "shut");
    const before = await cloud.appHost.exportProject(project);
    expect(before).toMatchObject({ ssoProtection: { deploymentType: "all_except_custom_domains" } });
    const asked: { host: string; secret: string | undefined }[] = [];
    const lines: string[] = [];
    const edge: DeploymentPorts["edge"] = async (url, at, headers) => {
      asked.push({ host: new URL(url).host, secret: headers?.["x-vercel-protection-bypass"] });
      const answer = await cloud.edge(url, at, headers);
      // An app that shows what it was asked with.
      return asked.length > 2 ? answer : { ...answer, status: 500, body: undefined, text: JSON.stringify(headers) };
    };
    const first = await deploy(project, { edge }, (line) => void lines.push(line));
    const second = await deploy(project, { edge }, (line) => void lines.push(line));
    expect(second.previousDeploymentId).toBe(first.deploymentId);
    const { protectionBypass, ...after } = (await cloud.appHost.exportProject(project))!;
    const secrets = Object.keys(protectionBypass as object);
    expect(secrets).toHaveLength(1);
    expect([...new Set(asked.map(({ secret }) => secret))]).toEqual(secrets);
    const hosts = [first.url, second.url].map((url) => new URL(url).host);
    expect(new Set(asked.map(({ host }) => host))).toEqual(new Set(hosts));
    const changed = Object.keys(after).filter((key) => JSON.stringify(after[key]) !== JSON.stringify(before?.[key]));
    expect(changed.sort()).toEqual(["autoExposeSystemEnvs", "crons", "targets", "updatedAt"]);
    expect(after["autoExposeSystemEnvs"]).toBe(true);
    expect(lines.join("\n")).toMatch(/answers 500: .*\[secret\]/);
    expect(lines.join("\n")).not.toContain(secrets[0]);
    expect(JSON.stringify([first, second])).not.toContain(secrets[0]);
  });

  it("gives its project the build settings that it is to have, and leaves the others", async () => {
    const project = await makeProject(cloud, "built");
    await cloud.call("vercel", "PATCH", `/v9/projects/${project}`, {
      installCommand: "make install",
      nodeVersion: "22.x",
      autoExposeSystemEnvs: true,
      resourceConfig: { fluid: true },
    });
    const build = { framework: "nextjs", buildCommand: "make", nodeVersion: "22.x", functionRegion: "icn1" };
    const changesOf = async (wanted: typeof build) => {
      const before = (await cloud.appHost.exportProject(project))!;
      await deploy(project, { build: wanted });
      const after = (await cloud.appHost.exportProject(project))!;
      const changed = Object.keys(after).filter((key) => JSON.stringify(after[key]) !== JSON.stringify(before[key]));
      return { after, changed: changed.filter((key) => !["targets", "protectionBypass"].includes(key)).sort() };
    };
    const { after, changed } = await changesOf(build);
    expect(changed).toEqual(["buildCommand", "crons", "framework", "resourceConfig", "updatedAt"]);
    expect(after).toMatchObject({ framework: "nextjs", buildCommand: "make", installCommand: "make install" });
    expect(after["resourceConfig"]).toEqual({ fluid: true, functionDefaultRegions: ["icn1"] });
    expect((await changesOf(build)).changed).toEqual(["crons"]);
  });

  it("says how to build the app if nothing of it answers and no framework is set", async () => {
    const project = await makeProject(cloud, "still");
    await cloud.call("vercel", "PATCH", `/v9/projects/${project}`, { framework: null });
    const change = { timing: impatient(100) };
    await expect(deploy(project, change)).rejects.toThrow(
      /answers 404: NOT_FOUND\. Vercel project still names no framework.*set build\.framework of this app in castchat-recovery:apps/,
    );
    const { deploymentId } = await deploy(project, { build: { framework: "node" } });
    expect(await production(project)).toBe(deploymentId);
  });

  it("makes no scheduled calls before its project has a name for visitors, and those of one that has are left", async () => {
    const crons = { definitions: [{ path: "/api/mails" }] };
    const deployCalls = async (name: string, change: Partial<WantedDeployment> = {}) => {
      const project = await makeProject(cloud, name);
      const calls = async () => (await cloud.appHost.exportProject(project))!["crons"];
      if (name === "visited") await cloud.appHost.takePublicName(project, "visited.castchat.example");
      const { notes } = await deploy(project, { sourceUrl: cloud.repository("castchat/calls"), ...change });
      expect(notes).toEqual([]);
      return await calls();
    };
    const json = JSON.stringify({ crons: [{ path: "/api/mails", schedule: "0 5 * * *" }], regions: ["icn1"] });
    await commitFiles(cloud, "castchat/calls", {
      "server.mjs": TINY_SERVER,
      "vercel.json": json,
      "web/vercel.json": json,
    });
    const stopped = expect.any(Number) as unknown;
    expect(await deployCalls("unnamed")).toMatchObject({ ...crons, disabledAt: stopped });
    expect(await deployCalls("visited")).toMatchObject({ ...crons, disabledAt: null });
    const drill = { withoutScheduledCalls: true, build: { rootDirectory: "web" } };
    expect(await deployCalls("drilled", drill)).toMatchObject({ definitions: [], disabledAt: stopped });
    const folders = readdirSync(layout(cloud.home).deployments).map((id) => join(layout(cloud.home).deployments, id));
    const written = folders
      .filter((folder) => existsSync(join(folder, "web/vercel.json")))
      .map((folder) => ["vercel.json", "web/vercel.json"].map((name) => readFileSync(join(folder, name), "utf8")));
    const without = `${JSON.stringify({ regions: ["icn1"] }, undefined, 2)}\n`;
    expect(new Set(written.map((files) => files.join()))).toEqual(
      new Set([`${json},${json}`, `${without},${without}`]),
    );
  });

  it("says that users do not get it after a rollback, and is healthy all the same", async () => {
    const project = await makeProject(cloud, "back");
    const first = await deploy(project);
    await cloud.appHost.takePublicName(project, "back.castchat.example");
    await cloud.appHost.followBuilds(project, false);
    const { notes } = await deploy(project);
    expect(notes).toEqual([expect.stringMatching(/users get this one after `castchat-recovery rollback finish`/)]);
    expect(await production(project)).toBe(first.deploymentId);
  });

  it("is made all the same if the host does not stop the scheduled calls, and says so", async () => {
    const project = await makeProject(cloud, "calling");
    const appHost = { ...cloud.appHost, allowScheduledCalls: () => Promise.reject(new Error("Not allowed.")) };
    const { notes } = await deploy(project, { appHost });
    expect(notes).toEqual([
      `The scheduled calls of Vercel project ${project} could not be stopped: Not allowed. Vercel makes them from its deployment on: stop them in its dashboard (Settings, Cron Jobs).`,
    ]);
  });

  it("reads the next copy of its source when one cannot be read, and says which, why, and the commit", async () => {
    const project = await makeProject(cloud, "copied");
    const absent = cloud.repository("mirrors/absent");
    const source = { sourceUrl: absent, fallbackUrls: [cloud.repository("castchat/app")] };
    const { notes, commit } = await deploy(project, source);
    expect(notes).toEqual([
      expect.stringMatching(
        `^The code is commit ${commit} of ${cloud.repository("castchat/app")}, because: git could not copy main of ${absent}: .* Compare that commit`,
      ),
    ]);
    await expect(deploy(project, { sourceUrl: absent, fallbackUrls: [absent] })).rejects.toThrow(
      /^No copy of the code can be read\. git could not copy .* git could not copy /,
    );
  });

  it("leaves out what its source ignores, and says that the files of submodules are missing", async () => {
    const project = await makeProject(cloud, "ruled");
    await commitFiles(cloud, "castchat/ruled", {
      "server.mjs": TINY_SERVER,
      "notes/secret.txt": "x",
      ".vercelignore": "notes\n",
    });
    const git = { ...cloud.git, submodules: () => Promise.resolve(["vendor/lib"]) };
    const change = { git, sourceUrl: cloud.repository("castchat/ruled") };
    const lines: string[] = [];
    const { notes, deploymentId } = await deploy(project, change, (line) => void lines.push(line));
    const folder = join(layout(cloud.home).deployments, deploymentId);
    expect(["server.mjs", "notes"].map((name) => existsSync(join(folder, name)))).toEqual([true, false]);
    expect(notes).toEqual([
      expect.stringMatching(/ruled\.git has submodules \(vendor\/lib\), whose files are not deployed/),
    ]);
    await commitFiles(cloud, "castchat/ruled", { "server.mjs": "process.exit(3)" });
    await expect(deploy(project, change)).rejects.toThrow(
      /failed: .*submodules.* The previous deployment still serves\.$/s,
    );
  });

  it("is healthy by the answer that its settings accept", async () => {
    const project = await makeProject(cloud, "page");
    const page = TINY_SERVER.replace(/response.end\(.*\)/, 'response.end("All fine")');
    await commitFiles(cloud, "castchat/page", { "server.mjs": page });
    const change = { sourceUrl: cloud.repository("castchat/page"), timing: impatient(50) };
    await expect(deploy(project, change)).rejects.toThrow(/answers 200: All fine, but status must be "ok"/);
    await deploy(project, { ...change, timing, healthAnswer: { status: [200], text: "All fine" } });
  });

  it("is asked with a secret that the project has, also when ours was revoked", async () => {
    const project = await makeProject(cloud, "given");
    const secret = "s".repeat(32);
    const change = (body: object) => cloud.call("vercel", "PATCH", `/v1/projects/${project}/protection-bypass`, body);
    await change({ generate: { secret, note: "CI" } });
    const done = await deploy(project);
    expect(await bypasses(project)).toEqual({ [secret]: expect.objectContaining({ note: "CI" }) as unknown });
    await change({ revoke: { secret, regenerate: false } });
    const again = await deploy(project);
    expect(again.previousDeploymentId).toBe(done.deploymentId);
    const ours = { note: "castchat-recovery asks deployments for their health" };
    expect(Object.values(await bypasses(project))).toMatchObject([ours]);
  });

  it("that asks for a login all the same is reported so", async () => {
    const project = await makeProject(cloud, "locked");
    const edge: DeploymentPorts["edge"] = (url, at) => cloud.edge(url, at);
    const locked = deploy(project, { edge, timing: impatient(50) });
    await expect(locked).rejects.toThrow(/answers 401: Vercel's deployment protection asks for a login/);
  });

  it("knows its commit and its own id, although Vercel names neither by itself", async () => {
    const project = await makeProject(cloud, "named");
    const done = await deploy(project);
    const edge = await edgeThroughProtection(ports, project, done.url, signal);
    expect(await applicationHealth(edge, done.url, {}, signal)).toEqual({
      healthy: true,
      commit: done.commit,
      deployment: done.deploymentId,
      servedBy: "Vercel",
    });
  });

  it("that never becomes healthy gives the names back to the one before", async () => {
    const project = await makeProject(cloud, "ill");
    const first = await deploy(project);
    await setVariable(cloud, project, "ILL", "1");
    const message = `did not become healthy within 0 s: .* answers 503: status "error". Deployment ${first.deploymentId} still serves`;
    await expect(deploy(project, { timing: impatient(100) })).rejects.toThrow(new RegExp(message));
    expect(await production(project)).toBe(first.deploymentId);
    expect(leftovers()).toEqual([]);
  });

  it("whose build fails is reported with the platform's reason, and what served before stays", async () => {
    const project = await makeProject(cloud, "broken");
    const first = await deploy(project);
    await commitFiles(cloud, "castchat/broken", { "server.mjs": "process.exit(3)" });
    const broken = deploy(project, { sourceUrl: cloud.repository("castchat/broken") });
    await expect(broken).rejects.toThrow(/^Deployment dpl_\w+ failed: .+ The previous deployment still serves\.$/);
    expect(await production(project)).toBe(first.deploymentId);
  });

  it("is refused without a project, and without the branch", async () => {
    await expect(deploy("prj_none")).rejects.toThrow(/does not exist\. Run `pulumi up --refresh` to create it/);
    const project = await makeProject(cloud, "branchless");
    await expect(deploy(project, { sourceRef: "absent" })).rejects.toThrow(/could not copy absent of/);
  });

  it("ends with the caller's own reason when it is stopped", async () => {
    const project = await makeProject(cloud, "stopped");
    await stopped(project, /^uploading|BUILDING/);
    expect(leftovers()).toEqual([]);
  });

  it("that is stopped while it is built never comes into service", async () => {
    const project = await makeProject(cloud, "half-built");
    const first = await deploy(project);
    await stopped(project, /is BUILDING/);
    const listed = await cloud.call("vercel", "GET", `/v7/deployments?projectId=${project}`);
    expect((listed["deployments"] as { uid: string }[]).map(({ uid }) => uid)).toEqual([first.deploymentId]);
  });

  it("is deleted, but not while it serves a public name", async () => {
    const project = await makeProject(cloud, "served");
    const first = await deploy(project);
    const remove = () => removeDeployment(cloud.appHost, project, first.deploymentId, "probe.castchat.example", signal);
    await cloud.appHost.takePublicName(project, "served.castchat.example");
    // No visitor uses the probe name.
    await cloud.appHost.takePublicName(project, "probe.castchat.example");
    expect(await remove()).toBe(`deployment ${first.deploymentId} stays: it serves served.castchat.example`);
    expect(await cloud.appHost.deployment(first.deploymentId)).toBeDefined();
    await cloud.appHost.releasePublicName(project, "served.castchat.example");
    expect(await remove()).toBeUndefined();
    expect(await cloud.appHost.deployment(first.deploymentId)).toBeUndefined();
  });
});

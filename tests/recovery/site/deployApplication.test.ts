import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";

import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

import { applicationHealth } from "../../../recovery/site/applicationHealth.ts";
import { deployApplication, type DeploymentPorts, removeDeployment } from "../../../recovery/site/deployApplication.ts";
import { edgeThroughProtection } from "../../../recovery/site/deploymentProtection.ts";
import { systemClock } from "../../../services/common/clock.ts";
import { realTiming } from "../../../services/common/timing.ts";
import { type MiniCloud, startMiniCloud } from "../../provider/recovery/miniCloud.ts";
import { commitFiles, makeProject, setVariable, TINY_SERVER } from "../../provider/recovery/tinyApp.ts";

const signal = new AbortController().signal;
const quick = { firstMs: 20, longestMs: 100, limitMs: 10_000 };
const timing = { ...realTiming, build: quick, health: quick };
let cloud: MiniCloud;
let ports: DeploymentPorts;
let firstCommit: string;

beforeAll(async () => {
  cloud = await startMiniCloud();
  ports = {
    appHost: cloud.appHost,
    git: cloud.git,
    edge: cloud.edge,
    clock: systemClock,
    timing,
  };
  firstCommit = await commitFiles(cloud, "castchat/app", {
    "server.mjs": TINY_SERVER,
    "lib/deep/ümlaut 名.txt": "x",
    "empty.txt": "",
  });
});
afterAll(() => cloud.stop());

const wantedOf = (projectId: string, projectName: string, sourceRef = "main") => ({
  projectId,
  projectName,
  sourceUrl: cloud.repository("castchat/app"),
  sourceRef,
  healthPath: "/api/health",
});
const production = async (id: string) => (await cloud.appHost.project(id))?.productionId;
const bypasses = async (id: string) => (await cloud.appHost.exportProject(id))!["protectionBypass"] as object;
const leftovers = () => readdirSync(tmpdir()).filter((name) => name.startsWith(`castchat-source-${process.pid}-`));

describe("a deployment", () => {
  it("is uploaded, built, healthy and in production; the next one names it as the way back", async () => {
    const project = await makeProject(cloud, "web");
    const lines: string[] = [];
    const first = await deployApplication(ports, wantedOf(project, "web"), signal, (line) => lines.push(line));
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
    const second = await deployApplication(ports, wantedOf(project, "web"), signal, (line) => lines.push(line));
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
      return asked.length > 2 ? answer : { ...answer, status: 500, body: undefined, excerpt: JSON.stringify(headers) };
    };
    const deploy = () =>
      deployApplication({ ...ports, edge }, wantedOf(project, "shut"), signal, (line) => lines.push(line));
    const first = await deploy();
    const second = await deploy();
    expect(second.previousDeploymentId).toBe(first.deploymentId);
    const { protectionBypass, ...after } = (await cloud.appHost.exportProject(project))!;
    const secrets = Object.keys(protectionBypass as object);
    expect(secrets).toHaveLength(1);
    expect([...new Set(asked.map(({ secret }) => secret))]).toEqual(secrets);
    expect(new Set(asked.map(({ host }) => host))).toEqual(
      new Set([first.url, second.url].map((url) => new URL(url).host)),
    );
    const changed = Object.keys(after).filter((key) => JSON.stringify(after[key]) !== JSON.stringify(before?.[key]));
    expect(changed.sort()).toEqual(["autoExposeSystemEnvs", "targets", "updatedAt"]);
    expect(after["autoExposeSystemEnvs"]).toBe(true);
    expect(lines.join("\n")).toMatch(/answers 500: .*\[secret\]/);
    expect(lines.join("\n")).not.toContain(secrets[0]);
    expect(JSON.stringify([first, second])).not.toContain(secrets[0]);
  });

  it("is asked with a secret that the project has, also when ours was revoked", async () => {
    const project = await makeProject(cloud, "given");
    const secret = "s".repeat(32);
    await cloud.call("vercel", "PATCH", `/v1/projects/${project}/protection-bypass`, {
      generate: { secret, note: "CI" },
    });
    const done = await deployApplication(ports, wantedOf(project, "given"), signal, () => undefined);
    expect(await bypasses(project)).toEqual({ [secret]: expect.objectContaining({ note: "CI" }) as unknown });
    await cloud.call("vercel", "PATCH", `/v1/projects/${project}/protection-bypass`, {
      revoke: { secret, regenerate: false },
    });
    const again = await deployApplication(ports, wantedOf(project, "given"), signal, () => undefined);
    expect(again.previousDeploymentId).toBe(done.deploymentId);
    expect(Object.values(await bypasses(project))).toMatchObject([
      { note: "castchat-recovery asks deployments for their health" },
    ]);
  });

  it("that asks for a login all the same is reported so", async () => {
    const project = await makeProject(cloud, "locked");
    const edge: DeploymentPorts["edge"] = (url, at) => cloud.edge(url, at);
    const impatient = { ...ports, edge, timing: { ...timing, health: { firstMs: 10, longestMs: 10, limitMs: 50 } } };
    await expect(deployApplication(impatient, wantedOf(project, "locked"), signal, () => undefined)).rejects.toThrow(
      /answers 401: Vercel's deployment protection asks for a login/,
    );
  });

  it("knows its commit and its own id, although Vercel names neither by itself", async () => {
    const project = await makeProject(cloud, "named");
    const done = await deployApplication(ports, wantedOf(project, "named"), signal, () => undefined);
    const edge = await edgeThroughProtection(ports, project, done.url, signal);
    expect(await applicationHealth(edge, done.url, "/api/health", signal)).toEqual({
      healthy: true,
      commit: done.commit,
      deployment: done.deploymentId,
      servedBy: "Vercel",
    });
  });

  it("that never becomes healthy gives the names back to the one before", async () => {
    const project = await makeProject(cloud, "ill");
    const first = await deployApplication(ports, wantedOf(project, "ill"), signal, () => undefined);
    await setVariable(cloud, project, "ILL", "1");
    const impatient = { ...ports, timing: { ...timing, health: { firstMs: 10, longestMs: 10, limitMs: 100 } } };
    await expect(deployApplication(impatient, wantedOf(project, "ill"), signal, () => undefined)).rejects.toThrow(
      new RegExp(
        `did not become healthy within 0 s: .* answers 503: status "error". Deployment ${first.deploymentId} goes on serving`,
      ),
    );
    expect(await production(project)).toBe(first.deploymentId);
    expect(leftovers()).toEqual([]);
  });

  it("whose build fails is told with the platform's reason, and what served before stays", async () => {
    const project = await makeProject(cloud, "broken");
    const first = await deployApplication(ports, wantedOf(project, "broken"), signal, () => undefined);
    await commitFiles(cloud, "castchat/broken", { "server.mjs": "process.exit(3)" });
    const wanted = { ...wantedOf(project, "broken"), sourceUrl: cloud.repository("castchat/broken") };
    await expect(deployApplication(ports, wanted, signal, () => undefined)).rejects.toThrow(
      /^Deployment dpl_\w+ failed: .+ What served before goes on serving\.$/,
    );
    expect(await production(project)).toBe(first.deploymentId);
  });

  it("is refused without a project, and without the branch", async () => {
    await expect(deployApplication(ports, wantedOf("prj_none", "none"), signal, () => undefined)).rejects.toThrow(
      /does not exist: create it first/,
    );
    const project = await makeProject(cloud, "branchless");
    await expect(
      deployApplication(ports, wantedOf(project, "branchless", "absent"), signal, () => undefined),
    ).rejects.toThrow(/could not copy absent of/);
  });

  it("ends with the caller's own reason when it is stopped", async () => {
    const project = await makeProject(cloud, "stopped");
    const controller = new AbortController();
    const attempt = deployApplication(ports, wantedOf(project, "stopped"), controller.signal, (line) => {
      if (line.startsWith("uploading") || line.includes("BUILDING")) controller.abort(new Error("Stopped on request."));
    });
    await expect(attempt).rejects.toThrow("Stopped on request.");
    expect(leftovers()).toEqual([]);
  });

  it("that is stopped while it is built does not come into service behind everybody's back", async () => {
    const project = await makeProject(cloud, "half-built");
    const first = await deployApplication(ports, wantedOf(project, "half-built"), signal, () => undefined);
    const controller = new AbortController();
    const attempt = deployApplication(ports, wantedOf(project, "half-built"), controller.signal, (line) => {
      if (line.includes("is BUILDING")) controller.abort(new Error("Stopped on request."));
    });
    await expect(attempt).rejects.toThrow("Stopped on request.");
    const listed = await cloud.call("vercel", "GET", `/v6/deployments?projectId=${project}`);
    expect((listed["deployments"] as { uid: string }[]).map(({ uid }) => uid)).toEqual([first.deploymentId]);
  });

  it("is deleted, but not while it serves a public name", async () => {
    const project = await makeProject(cloud, "served");
    const first = await deployApplication(ports, wantedOf(project, "served"), signal, () => undefined);
    await cloud.appHost.takePublicName(project, "served.castchat.example");
    expect(await removeDeployment(cloud.appHost, project, first.deploymentId, signal)).toEqual({
      removed: false,
      reason: `deployment ${first.deploymentId} stays: it serves served.castchat.example`,
    });
    expect(await cloud.appHost.deployment(first.deploymentId)).toBeDefined();
    await cloud.appHost.releasePublicName(project, "served.castchat.example");
    expect(await removeDeployment(cloud.appHost, project, first.deploymentId, signal)).toEqual({ removed: true });
    expect(await cloud.appHost.deployment(first.deploymentId)).toBeUndefined();
  });
});

import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";

import type { AppHost } from "../../../services/appHost/appHost.ts";
import { UserError } from "../../../services/common/errors.ts";
import { behavesAsRemoteService, isNotFound, type StartedService } from "../support/remoteServiceContract.ts";

/** An app host with what only its own API can make or show. */
export interface StartedAppHost extends StartedService<AppHost> {
  /** Makes a project with variables for production; gives its id. */
  makeProject(name: string, variables?: Record<string, string>): Promise<string>;
  /** The environment that a deployment was started with, and the paths of its files; those of links with their target. */
  startedWith(deploymentId: string): Promise<{ environment: Record<string, string>; files: string[] }>;
  /** Whether visitors of a project are served. */
  isPaused(projectId: string): Promise<boolean>;
  /** Whether the host makes a project's scheduled calls. */
  callsOnSchedule(projectId: string): Promise<boolean>;
}

/** Repeats a call, as an interrupted run does. Gives the result of the second call. */
async function twice<T>(call: () => Promise<T>): Promise<T> {
  await call();
  return await call();
}

const COMMIT = "c".repeat(40);

/** What every adapter of the role keeps to. A second one runs it by one line with its own `start`. */
export function conformsToAppHost(name: string, start: () => Promise<StartedAppHost>): void {
  describe(`${name} as an app host`, () => {
    let started: StartedAppHost;
    let host: AppHost;
    let folder: string;
    let number = 0;
    let projectId: string;
    let projectName: string;
    beforeAll(async () => {
      started = await start();
      host = started.open({ endpoint: started.url });
      folder = await mkdtemp(join(tmpdir(), "castchat-source-conformance-"));
      await mkdir(join(folder, "lib", "deep"), { recursive: true });
      await mkdir(join(folder, ".git"));
      await writeFile(join(folder, "lib", "deep", "ümlaut 名.txt"), "x");
      await writeFile(join(folder, "empty.txt"), "");
      await writeFile(join(folder, ".git", "config"), "secret");
    });
    afterAll(async () => {
      await started.stop();
      await rm(folder, { recursive: true, force: true });
    });
    beforeEach(async () => {
      number += 1;
      projectName = `app-${number}`;
      projectId = await started.makeProject(projectName);
    });
    const source = () => ({
      projectId,
      projectName,
      folder,
      commit: COMMIT,
      branch: "main",
      sourceUrl: "https://code.example/o/r.git",
    });
    const built = async (said: string[] = []) => {
      const { id } = await host.deploy(source(), (line) => said.push(line));
      for (;;) {
        const now = (await host.deployment(id))!;
        if (now.state !== "pending") return now;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    };

    it("says where names lead and how a deployment knows its id", () => {
      expect(host.dnsTarget).toMatch(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/);
      expect(host.deploymentVariable).toMatch(/^[A-Z_]+$/);
    });

    it("lists every project with how it is built, also where there are many", async () => {
      const names = Array.from({ length: 120 }, (_, one) => `${projectName}-${one}`);
      for (const name of names) await started.makeProject(name);
      const found = await host.projects();
      expect(found.map(({ name }) => name)).toEqual(expect.arrayContaining([projectName, ...names]));
      expect(new Set(found.map(({ id }) => id)).size).toBe(found.length);
      const { build, ...listed } = found.find(({ name }) => name === projectName)!;
      expect(listed).toEqual({ id: projectId, name: projectName, repository: undefined });
      expect(build.functionRegion).toEqual(expect.any(String));
    });

    it("finds a project by id and by name", async () => {
      const fresh = { productionId: undefined, hasRepository: false, framework: expect.any(String) as unknown };
      const expected = { id: projectId, name: projectName, ...fresh };
      expect(await host.project(projectId)).toEqual(expected);
      expect(await host.project(projectName)).toEqual(expected);
      expect(await host.exportProject(projectId)).toMatchObject({ id: projectId, name: projectName });
    });

    it.each(["absent", "../projects", "a/b?c=d#e", "."])("has no project, deployment or name %j", async (absent) => {
      expect(await host.project(absent)).toBeUndefined();
      expect(await host.exportProject(absent)).toBeUndefined();
      expect(await host.deployment(absent)).toBeUndefined();
      expect(await host.servedFrom(absent)).toBeUndefined();
      expect(await host.publicName(projectId, absent)).toBeUndefined();
      expect(await isNotFound(host.variables(absent))).toBe(true);
      expect(await isNotFound(host.clashingVariables(absent, []))).toBe(true);
    });

    it("pauses a project, also one that is paused", async () => {
      await twice(() => host.pauseProject(projectId));
      expect(await started.isPaused(projectId)).toBe(true);
    });

    it("stops and starts scheduled calls, also of a project without any and those that are stopped", async () => {
      for (const allowed of [false, true]) {
        await twice(() => host.allowScheduledCalls(projectId, allowed));
        expect(await started.callsOnSchedule(projectId)).toBe(allowed);
      }
      expect(await isNotFound(host.allowScheduledCalls("absent", true))).toBe(true);
    });

    it("shows variables without their values, and removes those that stand in the way of new ones", async () => {
      const id = await started.makeProject(`${projectName}-env`, { DATABASE_URL: "hunter2", FEATURE: "on" });
      const variables = await host.variables(id);
      expect(variables.map(({ key }) => key).sort()).toEqual(["DATABASE_URL", "FEATURE"]);
      expect(Object.keys(variables[0]!)).toEqual(["key", "type", "targets"]);
      const { targets } = variables[0]!;
      expect(await host.clashingVariables(id, [{ key: "FEATURE", targets: ["elsewhere"] }])).toEqual([]);
      expect(await host.clashingVariables(id, [{ key: "OTHER", targets }])).toEqual([]);
      const clashes = await host.clashingVariables(id, [{ key: "FEATURE", targets }]);
      expect(clashes.map(({ key }) => key)).toEqual(["FEATURE"]);
      await twice(() => host.removeVariable(id, clashes[0]!.id));
      expect((await host.variables(id)).map(({ key }) => key)).toEqual(["DATABASE_URL"]);
    });

    it("creates variables that it never shows again, changes them, and does not touch those of others", async () => {
      const id = await started.makeProject(`${projectName}-new`, { FEATURE: "on" });
      const [theirs] = await host.listVariables(id);
      expect(theirs).toMatchObject({ key: "FEATURE", isReadable: true, branch: undefined, comment: undefined });
      expect(await host.variableValue(id, theirs!.id)).toBe("on");
      const ours = (key: string, value: string, ...targets: string[]) => ({ key, value, targets, comment: "ours" });
      const wanted = [
        ours("TOKEN", "hunter2", "production", "preview"),
        ours("TOKEN", "hunter3", "development"),
        ours("FEATURE", "off", "production"),
      ];
      expect(await host.createVariables(id, wanted)).toEqual(["FEATURE"]);
      const listed = (await host.listVariables(id)).filter(({ comment }) => comment === "ours");
      expect(listed.map(({ key, targets, isReadable }) => [key, targets, isReadable])).toEqual([
        ["TOKEN", ["production", "preview"], false],
        ["TOKEN", ["development"], true],
      ]);
      expect(await host.variableValue(id, theirs!.id)).toBe("on");
      await twice(() => host.changeVariable(id, listed[1]!.id, ours("TOKEN", "hunter4", "development")));
      expect(await host.variableValue(id, listed[1]!.id)).toBe("hunter4");
      await host.changeVariable(id, listed[0]!.id, ours("TOKEN", "hunter5", "production"));
      const [changed] = (await host.listVariables(id)).filter((one) => one.id === listed[0]!.id);
      expect(changed).toMatchObject({ targets: ["production"], isReadable: false });
    });

    it("makes variables of a branch and of the project's own environments, as readable as they were", async () => {
      const id = await started.makeProject(`${projectName}-branch`);
      const shared = { key: "API", value: "x", comment: "Why.", type: "encrypted" };
      const wanted = [
        { ...shared, targets: ["preview"] },
        { ...shared, targets: ["preview"], branch: "feature/one" },
        { ...shared, targets: [], environments: ["env_staging"] },
      ];
      expect(await host.createVariables(id, wanted)).toEqual([]);
      const listed = await host.listVariables(id);
      const common = { key: "API", type: "encrypted", isReadable: true, comment: "Why." };
      expect(listed).toMatchObject([
        { ...common, targets: ["preview"], branch: undefined, environments: [] },
        { ...common, targets: ["preview"], branch: "feature/one", environments: [] },
        { ...common, targets: [], branch: undefined, environments: ["env_staging"] },
      ]);
    });

    it("puts settings of a project back, and leaves all others", async () => {
      const before = (await host.exportProject(projectId))!;
      const [field] = [...host.writableFields].filter((one) => typeof before[one] === "boolean");
      await twice(() => host.changeProject(projectId, { [field!]: before[field!] !== true }));
      const after = (await host.exportProject(projectId))!;
      const settings = (project: Record<string, unknown>) =>
        Object.fromEntries(Object.entries(project).filter(([name]) => !host.statusFields.has(name)));
      expect(settings(after)).toEqual({ ...settings(before), [field!]: before[field!] !== true });
      for (const writable of host.writableFields) expect(host.statusFields.has(writable)).toBe(false);
    });

    it("exports names with their redirects and branches, changes these, and shows their certificates", async () => {
      const [publicName, other] = [`c${number}.castchat.example`, `d${number}.castchat.example`];
      for (const one of [publicName, other]) await host.takePublicName(projectId, one);
      const settings = { redirect: publicName, redirectStatusCode: 308 };
      await twice(() => host.changeName(projectId, other, settings));
      const exported = await host.exportNames(projectId);
      expect(exported.find((one) => one["name"] === other)).toMatchObject({ ...settings, gitBranch: null });
      await host.changeName(projectId, other, { redirect: null, redirectStatusCode: null, gitBranch: "next" });
      expect((await host.exportNames(projectId)).find((one) => one["name"] === other)).toMatchObject({
        redirect: null,
        gitBranch: "next",
      });
      const facts = (await host.certificates()).find(({ hosts }) => hosts.includes(publicName));
      expect(facts).toMatchObject({ id: expect.any(String) as unknown, isRenewed: true });
      expect(facts?.expiresAt).toEqual(expect.any(Date));
      expect(await isNotFound(host.exportNames("absent"))).toBe(true);
    });

    it("deploys a source tree to production, without git's folder, and with its commit and a way to know its id", async () => {
      expect(await host.hasDeployments(projectId)).toBe(false);
      const deployment = await built();
      expect(deployment).toMatchObject({ projectId, state: "ready", commit: COMMIT, error: undefined });
      expect(await host.deployment(new URL(deployment.url).host)).toEqual(deployment);
      expect(await host.hasDeployments(projectId)).toBe(true);
      expect((await host.project(projectId))?.productionId).toBe(deployment.id);
      const { environment, files } = await started.startedWith(deployment.id);
      expect(files.sort()).toEqual(["empty.txt", "lib/deep/ümlaut 名.txt"]);
      expect(environment).toMatchObject({ CASTCHAT_COMMIT_SHA: COMMIT, [host.deploymentVariable]: deployment.id });
    });

    it("deploys links as links, without what they lead to, and no file that is left out", async () => {
      expect(host.ignoreFile).toMatch(/^\.[a-z]+$/);
      const links = { "lib/up": "../empty.txt", folder: "lib/deep", out: "/etc/hostname" };
      for (const [name, target] of Object.entries(links)) await symlink(target, join(folder, name));
      await writeFile(join(folder, "lib", "left.txt"), "secret");
      const { id } = await host.deploy({ ...source(), leaveOut: ["lib/left.txt", "absent"] }, () => undefined);
      while ((await host.deployment(id))!.state === "pending") await new Promise((resolve) => setTimeout(resolve, 5));
      expect((await started.startedWith(id)).files.sort()).toEqual([
        "empty.txt",
        "folder -> lib/deep",
        "lib/deep/ümlaut 名.txt",
        "lib/up -> ../empty.txt",
        "out -> /etc/hostname",
      ]);
      for (const name of [...Object.keys(links), "lib/left.txt"]) await rm(join(folder, name));
    });

    it("sends a content once", async () => {
      await writeFile(join(folder, "own.txt"), projectName);
      const [first, second]: string[][] = [[], []];
      await built(first);
      await built(second);
      expect(first!.join("\n")).toMatch(/uploading \d+ of 3 files of commit cccccccc/);
      expect(second).toEqual([]);
      await rm(join(folder, "own.txt"));
    });

    it("deploys no empty tree", async () => {
      const empty = await mkdtemp(join(folder, ".git", "empty-"));
      const refused = host.deploy({ ...source(), folder: empty }, () => undefined);
      await expect(refused).rejects.toBeInstanceOf(UserError);
      await expect(refused).rejects.toThrow("main of https://code.example/o/r.git has no files");
    });

    it("says why a deployment failed", async () => {
      projectId = await started.makeProject(`${projectName}-ill`, { FAIL: "1" });
      expect(await built()).toMatchObject({ state: "failed", error: "the app ended with exit code 1" });
      expect((await host.project(projectId))?.productionId).toBeUndefined();
    });

    it("promotes a deployment, also one that serves already, and deletes one, also one that is gone", async () => {
      const [first, second] = [await built(), await built()];
      await twice(() => host.promoteDeployment(projectId, first.id));
      expect((await host.project(projectId))?.productionId).toBe(first.id);
      expect(await isNotFound(host.promoteDeployment(projectId, "absent"))).toBe(true);
      await twice(() => host.deleteDeployment(second.id));
      expect(await host.deployment(second.id)).toBeUndefined();
    });

    it("goes back to an earlier release, also one that serves already, and stays there until one is promoted", async () => {
      const [first, second] = [await built(), await built()];
      const all = await host.releases(projectId);
      expect(all.map(({ id }) => id)).toEqual([second.id, first.id]);
      expect(all[1]).toMatchObject({ commit: COMMIT, state: "ready", isCandidate: true, url: first.url });
      expect(all[1]!.createdAt.getTime()).toBeLessThanOrEqual(all[0]!.createdAt.getTime());
      const at = { projectId, projectName, isRolling: false };
      expect(await host.releaseState(projectId)).toEqual({
        ...at,
        servedId: second.id,
        followsBuilds: true,
        lastMove: undefined,
        remark: undefined,
      });
      await twice(() => host.rollBackTo(projectId, first.id, "a bad release"));
      const back = { kind: "rollback", from: second.id, to: first.id, state: "done" };
      expect(await host.releaseState(projectName)).toMatchObject({
        servedId: first.id,
        followsBuilds: false,
        lastMove: back,
        remark: "a bad release",
      });
      const third = await built();
      expect((await host.releaseState(projectId))?.servedId).toBe(first.id);
      await host.promoteDeployment(projectId, third.id);
      const forth = { kind: "promotion", from: first.id, to: third.id, state: "done" };
      expect(await host.releaseState(projectId)).toMatchObject({ ...at, followsBuilds: true, lastMove: forth });
      await twice(() => host.followBuilds(projectId, false));
      expect(await host.releaseState(projectId)).toMatchObject({ servedId: third.id, followsBuilds: false });
      expect(await host.releaseState("absent")).toBeUndefined();
      expect(await isNotFound(host.rollBackTo(projectId, "absent", ""))).toBe(true);
    });

    it("gives the same pass to a protected address each time, and none to a public name", async () => {
      const { url } = await built();
      const pass = await host.passFor(projectId, url);
      expect(pass).toEqual({ header: expect.stringMatching(/^[a-z-]+$/), secret: expect.stringMatching(/^\w{16,}$/) });
      const withOne = await host.exportProject(projectId);
      expect(await host.passFor(projectId, `${url}/path`)).toEqual(pass);
      expect(await host.exportProject(projectId)).toEqual(withOne);
      expect(await host.passFor(projectId, "https://app.castchat.example")).toBeUndefined();
    });

    it("takes a public name, and again; moves it from another project; releases it, and again", async () => {
      const publicName = `${projectName}.castchat.example`;
      const other = await started.makeProject(`${projectName}-other`);
      const { id } = await built();
      const expected = { name: publicName, isGenerated: false, isVerified: true, proofs: [] };
      expect(await host.takePublicName(other, publicName)).toEqual(expected);
      expect(await host.servedFrom(publicName)).toBeUndefined();
      expect(await host.publicNameHolder(publicName)).toBe(other);
      expect(await twice(() => host.takePublicName(projectId, publicName))).toEqual(expected);
      expect(await host.servedFrom(publicName)).toBe(id);
      expect(await host.publicNameHolder(publicName)).toBe(projectId);
      expect(await host.publicName(other, publicName)).toBeUndefined();
      expect(await host.publicName(projectId, publicName)).toEqual(expected);
      expect(await host.verifyPublicName(projectId, publicName)).toEqual(expected);
      const given = (await host.publicNames(projectId)).filter(({ isGenerated }) => !isGenerated);
      expect(given).toEqual([expected]);
      await twice(() => host.releasePublicName(projectId, publicName));
      expect(await host.publicName(projectId, publicName)).toBeUndefined();
      expect(await host.publicNameHolder(publicName)).toBeUndefined();
      expect(await isNotFound(host.verifyPublicName(projectId, publicName))).toBe(true);
    });

    describe("as a remote service", () => {
      behavesAsRemoteService(() => started, {
        read: (port, signal) => port.project(projectId, signal),
        make: (port) => port.deploy(source(), () => undefined),
      });
    });
  });
}

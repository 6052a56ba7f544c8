import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";

import { type VercelEmulator } from "../../../../lab/sandbox/emulators/vercel.ts";
import { createVercelEmulator } from "../../../support/emulators.ts";
import type { Sent } from "../plugins/support/officialVercel.ts";
import * as official from "../plugins/support/officialVercel.ts";
import { type Answer, clientOf, pick, routesOf, send, type TestBed, testBed, TOKEN } from "./support.ts";

describe("Vercel's emulator", () => {
  let bed: TestBed;
  let vercel: VercelEmulator;
  let project = "";
  beforeEach(async () => {
    bed = await testBed();
    vercel = createVercelEmulator(bed.deps);
    project = pick(await call("POST /v11/projects", { name: "app", framework: "node" }), "id");
  });
  afterEach(async () => {
    await vercel.settled();
    await bed.remove();
  });
  const { call, gives, refusesStrangers } = clientOf(() => vercel.app);
  const sha1 = (content: string) => createHash("sha1").update(content).digest("hex");
  const upload = (content: string, digest = sha1(content)) =>
    send(vercel.app, "POST /v2/files", content, { authorization: `Bearer ${TOKEN}`, "x-vercel-digest": digest });
  /** Deploys one file and waits until it is ready or has failed. */
  const deploy = async (more: object = {}): Promise<Answer> => {
    await upload("serve()");
    const files = [{ file: "lib/server.mjs", sha: sha1("serve()"), size: 7, mode: 0o644 }];
    const started = await gives(
      ["POST /v13/deployments", { name: "app", project, files, target: "production", ...more }],
      200,
      { readyState: "BUILDING" },
    );
    await vercel.settled();
    return call(`GET /v13/deployments/${pick(started, "id")}`);
  };

  /** The same with a `vercel.json`. */
  const deployWith = async (configuration: object, more: object = {}) => {
    const content = JSON.stringify(configuration);
    await upload(content);
    const json = { file: "vercel.json", sha: sha1(content), size: content.length };
    const server = { file: "lib/server.mjs", sha: sha1("serve()"), size: 7 };
    return deploy({ files: [server, json], ...more });
  };

  it("refuses every route without a token and with a wrong one", async () => {
    const routes = routesOf(vercel.app, "/v9");
    expect(routes.length).toBeGreaterThan(25);
    await refusesStrangers([...routes, "GET /v1/nowhere", "POST /v2/now/files", "GET /projects"], {
      none: { status: 403, body: { error: { code: "forbidden", missingToken: true } } },
      wrong: { status: 403, body: { error: { code: "forbidden", invalidToken: true } } },
    });
  });

  it("has no path without a version", async () => {
    await gives("GET /projects", 404, { error: { code: "not_found" } });
  });

  describe("projects", () => {
    it("are found by id and by name, at any version, with the fields that the official plugin reads", async () => {
      for (const path of [`/v9/projects/${project}`, "/v9/projects/app?teamId=team_x"]) {
        await gives(`GET ${path}`, 200, { id: project, name: "app", resourceConfig: {}, targets: {} });
      }
      await gives("GET /v10/projects?limit=100", 200, { projects: [{ name: "app" }], pagination: { next: null } });
      await gives("GET /v9/projects/none", 404, { error: { code: "not_found", message: "Project not found." } });
    });

    it("have one name each, only known settings, and keep them over a restart", async () => {
      await gives(["POST /v11/projects", { name: "app" }], 409, { error: { code: "conflict" } });
      await gives(["POST /v11/projects", { name: "No Capitals" }], 400, { error: { code: "bad_request" } });
      await gives([`PATCH /v9/projects/${project}`, { nodeVersion: "22.x", unheardOf: 1 }], 400, {
        error: { message: expect.stringContaining("`unheardOf`") },
      });
      await call(`PATCH /v9/projects/${project}`, { nodeVersion: "22.x", name: "renamed" });
      vercel = createVercelEmulator(bed.deps);
      await gives("GET /v9/projects/renamed", 200, { nodeVersion: "22.x", id: project });
    });
  });

  describe("the official plugin's requests", () => {
    const replay = async (sent: readonly Sent[], id = "") => {
      let made = id;
      for (const { request, body } of sent) {
        const answer = await call(request.replace("PROJECT", made), body);
        expect([request, answer]).toMatchObject([request, { status: request.includes("/v10/") ? 201 : 200 }]);
        if (request.startsWith("POST /v8/projects")) made = pick(answer, "id");
      }
      return made;
    };

    it("are accepted unchanged, and leave a project protected and without system variables", async () => {
      await call("DELETE /v9/projects/app");
      const id = await replay(official.ONLY_A_NAME);
      await gives(`GET /v10/projects/${id}`, 200, {
        autoExposeSystemEnvs: false,
        ssoProtection: { deploymentType: "all_except_custom_domains" },
      });
    });

    it("turn the system variables on for our program, and don't change the protection", async () => {
      await call("DELETE /v9/projects/app");
      const id = await replay([...official.AS_OURS, ...official.VARIABLES]);
      await replay(official.UPDATED, id);
      await gives(`GET /v10/projects/${id}`, 200, {
        autoExposeSystemEnvs: true,
        ssoProtection: { deploymentType: "all_except_custom_domains" },
        outputDirectory: "dist",
      });
    });

    it("remove a password that was set outside the program", async () => {
      await call("DELETE /v9/projects/app");
      const id = await replay(official.AS_OURS);
      await call(`PATCH /v9/projects/${id}`, { passwordProtection: { deploymentType: "all", password: "x" } });
      await replay(official.UPDATED, id);
      await gives(`GET /v10/projects/${id}`, 200, { passwordProtection: null });
    });
  });

  describe("deployment protection", () => {
    const OWN = "o".repeat(32);
    const OTHER = "p".repeat(32);
    const BYPASS = "PATCH /v1/projects/app/protection-bypass";
    const visit = (host: string) => vercel.resolveHost(host)?.secrets;

    it("covers every address but the custom names by default, and opens to each of the project's secrets", async () => {
      await call(`POST /v10/projects/${project}/domains`, { name: "app.castchat.example" });
      const url = pick(await deploy(), "url");
      expect([url, "app.vercel.app", "app.castchat.example"].map(visit)).toEqual([[], [], undefined]);
      const shown = { scope: "automation-bypass", isEnvVar: true, note: "n" };
      const wanted = { generate: { secret: OWN, note: "n" } };
      await gives([`PATCH /v1/projects/${project}/protection-bypass`, wanted], 200, {
        protectionBypass: { [OWN]: shown },
      });
      const second = await call("PATCH /v1/projects/app/protection-bypass", {});
      const secrets = Object.keys((second.body as { protectionBypass: object }).protectionBypass);
      expect(secrets).toEqual([OWN, expect.stringMatching(/^[A-Za-z0-9]{32}$/)]);
      expect(visit(url)).toEqual(secrets);
      await gives("GET /v9/projects/app", 200, { protectionBypass: { [OWN]: {} } });
    });

    it.each<[string | null, boolean[]]>([
      ["all", [true, true, true, true]],
      ["all_except_custom_domains", [true, true, false, true]],
      ["prod_deployment_urls_and_all_previews", [true, false, false, true]],
      ["preview", [false, false, false, true]],
      [null, [false, false, false, false]],
    ])("%s covers the addresses that it should", async (deploymentType, covered) => {
      await call(`POST /v10/projects/${project}/domains`, { name: "app.castchat.example" });
      const url = pick(await deploy(), "url");
      const preview = pick(await deploy({ target: undefined }), "url");
      await call(`PATCH /v9/projects/${project}`, { ssoProtection: deploymentType && { deploymentType } });
      const hosts = [url, "app.vercel.app", "app.castchat.example", preview];
      expect(hosts.map((host) => visit(host) !== undefined)).toEqual(covered);
    });

    it("refuses an unknown method, and malformed or missing secrets", async () => {
      const unknown = { deploymentType: "standard_protection_new" };
      await gives([`PATCH /v9/projects/${project}`, { ssoProtection: unknown }], 400);
      await gives([`PATCH /v9/projects/${project}`, { protectionBypass: {} }], 400);
      await gives(["POST /v11/projects", { name: "other", autoExposeSystemEnvs: true }], 400);
      await gives([BYPASS, { generate: { secret: "short" } }], 400);
      await gives([BYPASS, { revoke: { secret: OWN, regenerate: false } }], 404);
    });

    it("always has one secret in the environment while it has any", async () => {
      const revoke = { secret: OWN, regenerate: false };
      for (const secret of [OWN, OTHER]) await call(BYPASS, { generate: { secret } });
      await gives([BYPASS, { revoke }], 400);
      await call(BYPASS, { update: { secret: OTHER, isEnvVar: true } });
      await gives([BYPASS, { revoke }], 200, { protectionBypass: { [OTHER]: { isEnvVar: true } } });
    });
  });

  describe("environment variables", () => {
    const variable = {
      key: "DATABASE_URL",
      value: "postgres://secret",
      type: "sensitive",
      target: ["production", "preview"],
    };
    const add = (more: object, status: number, body?: object) =>
      gives([`POST /v10/projects/${project}/env`, { ...variable, ...more }], status, body);

    it("never return a sensitive value", async () => {
      const made = await add({}, 201, { created: { key: "DATABASE_URL", type: "sensitive" }, failed: [] });
      const path = `/v9/projects/${project}/env/${pick(made, "created.id")}`;
      const answers = [
        made,
        await gives(`GET /v10/projects/${project}/env?decrypt=true`, 200),
        await gives(`GET ${path}`, 200),
        await gives([`PATCH ${path}`, { value: "postgres://secret2" }], 200),
        await gives(`DELETE ${path.replace("v10", "v8")}`, 200),
      ];
      expect(JSON.stringify(answers)).not.toContain("postgres://");
      await gives(`GET /v10/projects/${project}/env`, 200, { envs: [] });
    });

    it("show an encrypted value only decrypted on demand", async () => {
      await add({ type: "encrypted" }, 201);
      expect(JSON.stringify(await call(`GET /v10/projects/${project}/env`))).not.toContain("postgres://");
      await gives(`GET /v10/projects/${project}/env?decrypt=true`, 200, { envs: [{ value: "postgres://secret" }] });
    });

    it("conflict with a variable of the same key and an overlapping target, unless upsert is set", async () => {
      await add({ target: ["production"] }, 201);
      const conflict = { code: "ENV_CONFLICT", envVarKey: "DATABASE_URL" };
      await add({}, 400, { error: conflict });
      await add({ target: ["preview"] }, 201);
      const both = [
        { ...variable, target: ["production"] },
        { ...variable, key: "OTHER" },
      ];
      await gives([`POST /v10/projects/${project}/env`, both], 201, {
        created: [{ key: "OTHER" }],
        failed: [{ error: conflict }],
      });
      const plain = { ...variable, type: "plain", value: "new", target: ["production"] };
      await gives([`POST /v10/projects/${project}/env?upsert=true`, plain], 201, { created: { value: "new" } });
      await gives(`GET /v10/projects/${project}/env`, 200, { envs: { length: 3 } });
    });

    it("are refused with a wrong field", async () => {
      for (const wrong of [
        { key: "1X" },
        { target: ["staging"] },
        { type: "secret" },
        { unheardOf: 1 },
        { target: ["development"] },
      ]) {
        await add(wrong, 400, { error: { code: "bad_request" } });
      }
    });
  });

  describe("domains", () => {
    const name = "app.castchat.example";
    const add = (to: string, status: number, body?: object) =>
      gives([`POST /v10/projects/${to}/domains`, { name }], status, body);

    it("belong to one project, and move with all of their settings", async () => {
      const other = pick(await call("POST /v11/projects", { name: "other" }), "id");
      await add(project, 200, { name, projectId: project, verified: true });
      for (const taken of [project, other])
        await add(taken, 409, { error: { code: "domain_already_in_use", projectId: project } });
      await call(`PATCH /v9/projects/${project}/domains/${name}`, { redirect: "x.example", redirectStatusCode: 308 });
      await gives([`POST /v1/projects/${project}/domains/${name}/move`, { projectId: other }], 200, {
        projectId: other,
      });
      await gives(`GET /v9/projects/${project}/domains/${name}`, 404, { error: { code: "not_found" } });
      await gives(`GET /v9/projects/other/domains/${name}`, 200, { redirect: "x.example" });
      await gives(`POST /v9/projects/other/domains/${name}/verify`, 200, { verified: true });
      await gives(`DELETE /v9/projects/other/domains/${name}`, 200);
      await gives(`GET /v9/projects/other/domains`, 200, { domains: [{ name: "other.vercel.app" }] });
    });

    it("are free again when their project is deleted", async () => {
      await add(project, 200);
      await gives("DELETE /v9/projects/app", 204);
      await add(pick(await call("POST /v11/projects", { name: "app" }), "id"), 200);
    });
  });

  describe("deployments", () => {
    it("need their files, by the SHA-1 of their content", async () => {
      expect(await upload("a", sha1("b"))).toMatchObject({ status: 400, body: { error: { code: "invalid_sha" } } });
      const files = ["a", "b"].map((content) => ({ file: content, sha: sha1(content), size: 1 }));
      await upload("a");
      await gives(["POST /v12/now/deployments", { name: "app", files }], 400, {
        error: { code: "missing_files", missing: [sha1("b")] },
      });
      for (const file of ["../x", "/etc/x", "a/../../x"]) {
        await gives(["POST /v13/deployments", { name: "app", project, files: [{ file, sha: sha1("a") }] }], 400);
      }
      await gives(["POST /v13/deployments", { name: "none", files }], 404);
    });

    it("start with the production variables of that moment, and serve the project's names", async () => {
      const variable = { value: "v1", type: "encrypted" };
      await call(`POST /v10/projects/${project}/env`, [
        { ...variable, key: "A", target: ["production"] },
        { ...variable, key: "B", target: ["preview"] },
      ]);
      await call(`POST /v10/projects/${project}/domains`, { name: "app.castchat.example" });
      expect(vercel.resolveHost("app.castchat.example")).toBeUndefined();
      await call(`PATCH /v9/projects/${project}`, { ssoProtection: null, autoExposeSystemEnvs: true });
      const ready = await deploy({ gitMetadata: { commitSha: "c0ffee" }, env: { A: "v2", C: "v3" } });
      const id = pick(ready, "id");
      expect(ready.body).toMatchObject({
        readyState: "READY",
        aliasAssigned: true,
        target: "production",
        projectId: project,
        alias: ["app.vercel.app", "app.castchat.example"],
      });
      const app = bed.apps.running.get(id);
      expect(app?.env).toMatchObject({ A: "v2", C: "v3", VERCEL_DEPLOYMENT_ID: id, VERCEL_ENV: "production" });
      expect(JSON.stringify(ready)).not.toContain("v3");
      expect(app?.env).not.toHaveProperty("B");
      // No documentation says that uploaded files get these.
      expect(app?.env).not.toHaveProperty("VERCEL_GIT_COMMIT_SHA");
      await gives("GET /v4/aliases/app.castchat.example", 200, {
        alias: "app.castchat.example",
        deploymentId: id,
        projectId: project,
      });
      expect(readFileSync(join(app?.dir ?? "", "lib/server.mjs"), "utf8")).toBe("serve()");
      for (const host of [pick(ready, "url"), "App.castchat.example", "app.vercel.app"]) {
        expect(vercel.resolveHost(host)).toEqual({ deploymentId: id, paused: false });
      }
      await gives("GET /v9/projects/app", 200, { targets: { production: { id } } });
      await call("POST /v1/projects/app/pause");
      expect(vercel.resolveHost("app.vercel.app")).toEqual({ deploymentId: id, paused: true });
      vercel = createVercelEmulator(bed.deps);
      expect(vercel.resolveHost("app.vercel.app")).toEqual({ deploymentId: id, paused: true });
      await call("POST /v1/projects/app/unpause");
      expect(vercel.resolveHost("app.vercel.app")).toMatchObject({ paused: false });
    });

    it("have no system variables unless the project enables them, and then also the environment's secret", async () => {
      const envOf = async () =>
        Object.keys(bed.apps.running.get(pick(await deploy({ env: { OWN: "1" } }), "id"))?.env ?? {});
      expect(await envOf()).toEqual(["OWN"]);
      await call(`PATCH /v1/projects/${project}/protection-bypass`, {});
      await call(`PATCH /v9/projects/${project}`, { autoExposeSystemEnvs: true });
      expect((await envOf()).filter((name) => name.startsWith("VERCEL")).sort()).toEqual([
        "VERCEL",
        "VERCEL_AUTOMATION_BYPASS_SECRET",
        "VERCEL_DEPLOYMENT_ID",
        "VERCEL_ENV",
        "VERCEL_PROJECT_ID",
        "VERCEL_TARGET_ENV",
        "VERCEL_URL",
      ]);
    });

    it("are refused with an unknown field, and have no alias before they are ready", async () => {
      const files = [{ file: "a", sha: sha1("a") }];
      await gives(["POST /v13/deployments", { name: "app", project, files, environment: {} }], 400);
      await gives("GET /v4/aliases/app.vercel.app", 404);
    });

    it("report why they don't come up, and don't replace what is served", async () => {
      const good = pick(await deploy(), "id");
      const failing = { key: "FAIL", value: "1", type: "plain", target: ["production"] };
      await call(`POST /v10/projects/${project}/env`, failing);
      const bad = await deploy();
      expect(bad.body).toMatchObject({
        readyState: "ERROR",
        errorMessage: expect.stringContaining("ended with exit code 1"),
        aliasAssigned: false,
      });
      expect(vercel.resolveHost(pick(bad, "url"))).toBeUndefined();
      expect(vercel.resolveHost("app.vercel.app")).toMatchObject({ deploymentId: good });
      await gives(`GET /v7/deployments?projectId=${project}&state=READY&target=production`, 200, {
        deployments: [{ uid: good }],
      });
      await gives(`POST /v10/projects/app/promote/${pick(bad, "id")}`, 400);
    });

    it("are files that nothing runs, if neither the project nor vercel.json names a framework", async () => {
      await call(`PATCH /v9/projects/${project}`, { framework: null });
      const still = await deploy();
      expect(still.body).toMatchObject({ readyState: "READY" });
      expect(bed.apps.running.has(pick(still, "id"))).toBe(false);
      expect(vercel.resolveHost(pick(still, "url"))).toMatchObject({ isStatic: true });
      await call(`PATCH /v9/projects/${project}`, { framework: "nextjs" });
      expect(bed.apps.running.has(pick(await deploy(), "id"))).toBe(true);
      await call(`PATCH /v9/projects/${project}`, { framework: null });
      expect(bed.apps.running.has(pick(await deployWith({ framework: "nextjs" }), "id"))).toBe(true);
    });

    it("bring the scheduled calls of their vercel.json, once they serve the names", async () => {
      const crons = [{ path: "/api/mails", schedule: "0 5 * * *" }];
      await deployWith({ crons }, { target: undefined });
      expect((await call("GET /v9/projects/app")).body).not.toHaveProperty("crons");
      const ready = await deployWith({ crons });
      const [host, deploymentId] = [pick(ready, "url"), pick(ready, "id")];
      await gives("GET /v9/projects/app", 200, {
        crons: { definitions: [{ host, path: "/api/mails", schedule: "0 5 * * *" }], deploymentId, disabledAt: null },
      });
    });

    it("start their scheduled calls with the first that has some, and then leave them as they are", async () => {
      const crons = [{ path: "/api/mails", schedule: "0 5 * * *" }];
      const stop = () => call(`PATCH /v1/projects/${project}/crons`, { enabled: false });
      const show = async () => ((await call("GET /v9/projects/app")).body as { crons: unknown }).crons;
      const stopped = expect.any(Number) as unknown;
      await stop();
      await deploy();
      expect(await show()).toMatchObject({ definitions: [], deploymentId: null, disabledAt: stopped });
      await deployWith({ crons });
      expect(await show()).toMatchObject({ definitions: [{ path: "/api/mails" }], disabledAt: null });
      await stop();
      await deployWith({ crons });
      expect(await show()).toMatchObject({ definitions: [{ path: "/api/mails" }], disabledAt: stopped });
      await gives([`PATCH /v1/projects/app/crons`, { enabled: true }], 200, { crons: { disabledAt: null } });
      await gives([`PATCH /v1/projects/app/crons`, { enabled: "no" }], 400);
    });

    it("can be rolled back by one only on the plan Hobby", async () => {
      vercel = createVercelEmulator(bed.deps, { plan: "hobby" });
      const [first, second] = [pick(await deploy(), "id"), pick(await deploy(), "id")];
      await deploy();
      await gives(`POST /v1/projects/app/rollback/${first}`, 402);
      await gives(`POST /v1/projects/app/rollback/${second}`, 201);
    });

    it("can be rolled back, promoted, and deleted with their process and files", async () => {
      const [first, second] = [pick(await deploy(), "id"), pick(await deploy(), "id")];
      const served = () => vercel.resolveHost("app.vercel.app")?.deploymentId;
      expect(served()).toBe(second);
      await gives(`POST /v1/projects/app/rollback/${first}`, 201);
      expect(served()).toBe(first);
      await gives(`POST /v1/projects/app/rollback/${first}`, 409);
      const third = pick(await deploy(), "id");
      expect(served()).toBe(first);
      const moved = { jobStatus: "succeeded", fromDeploymentId: second, toDeploymentId: first, type: "rollback" };
      const rolledBack = { autoAssignCustomDomains: false, lastRollbackTarget: null };
      await gives("GET /v9/projects/app?rollbackInfo=true", 200, { ...rolledBack, lastAliasRequest: moved });
      await gives("GET /v9/projects/app", 200, { ...rolledBack, lastAliasRequest: null });
      await gives(`POST /v1/projects/app/rollback/${third}`, 400);
      await call(`POST /v10/projects/app/promote/${third}`);
      expect(served()).toBe(third);
      await gives("GET /v9/projects/app?rollbackInfo=true", 200, {
        autoAssignCustomDomains: true,
        lastAliasRequest: { fromDeploymentId: first, toDeploymentId: third, type: "promote" },
      });
      await gives(`POST /v1/projects/app/rollback/${second}?description=why`, 201);
      await gives("GET /v9/projects/app", 200, { rollbackDescription: { description: "why" } });
      await call(`POST /v10/projects/app/promote/${third}`);
      const preview = await deploy({ target: undefined });
      expect(served()).toBe(third);
      await gives(`POST /v10/projects/app/promote/${pick(preview, "id")}`, 400);
      await gives(`DELETE /v13/deployments/${third}`, 200, { state: "DELETED" });
      expect(served()).toBeUndefined();
      expect(bed.apps.running.has(third)).toBe(false);
      expect(existsSync(join(bed.deps.paths.deployments, third))).toBe(false);
      await gives(`GET /v13/deployments/${third}`, 404);
      await call("DELETE /v9/projects/app");
      expect(bed.apps.running.size).toBe(0);
      await gives("GET /v7/deployments", 200, { deployments: { length: 0 } });
    });

    it("continue after a restart has interrupted them", async () => {
      await upload("serve()");
      const start = bed.apps.start.bind(bed.apps);
      bed.apps.start = () => new Promise(() => undefined);
      const files = [{ file: "server.mjs", sha: sha1("serve()") }];
      const id = pick(await call("POST /v13/deployments", { name: "app", project, files, target: "production" }), "id");
      bed.apps.start = start;
      vercel = createVercelEmulator(bed.deps);
      await gives(`GET /v13/deployments/${id}`, 200, { readyState: "BUILDING" });
      vercel.resume();
      await vercel.settled();
      await gives(`GET /v13/deployments/${id}`, 200, { readyState: "READY" });
    });
  });
});

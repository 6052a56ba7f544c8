import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import type { Server } from "node:http";
import { join } from "node:path";
import { promisify } from "node:util";

import { createAdaptorServer } from "@hono/node-server";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";

import { type GithubEmulator } from "../../../../lab/sandbox/emulators/github.ts";
import { CLASSIC_TOKENS } from "../../../../lab/sandbox/emulators/githubToken.ts";
import { listen } from "../../../services/support/testServer.ts";
import { createGithubEmulator } from "../../../support/emulators.ts";
import { clientOf, pick, routesOf, send, type TestBed, testBed, TOKEN } from "./support.ts";

const run = promisify(execFile);

describe("GitHub's emulator", () => {
  let bed: TestBed;
  let github: GithubEmulator;
  let server: Awaited<ReturnType<typeof listen>> | undefined;
  beforeEach(async () => {
    bed = await testBed();
    github = createGithubEmulator(bed.deps);
  });
  afterEach(async () => {
    await server?.stop();
    server = undefined;
    await bed.remove();
  });
  const { call, gives } = clientOf(() => github.app);
  const repo = "/api/v3/repos/castchat/app";
  const creates = (wanted: object, status: number, body?: object) =>
    gives(["POST /api/v3/orgs/castchat/repos", { name: "app", private: true, ...wanted }], status, body);
  const create = (wanted = {}) => creates(wanted, 201);

  it("refuses every route with a wrong token, and all but public reading without one", async () => {
    await create();
    const routes = routesOf(github.app, "").filter((route) => !route.includes(".git"));
    expect(routes.length).toBeGreaterThan(14);
    for (const prefix of ["", "/api/v3"]) {
      for (const route of [...routes, "GET /nowhere", "PUT /repos/castchat/app"]) {
        const asked = route.replace(" /", ` ${prefix}/`);
        const wrong = await send(github.app, asked, undefined, { authorization: "Bearer wrong" });
        const refusal = { status: 401, body: { message: "Bad credentials", status: "401" } };
        expect([asked, wrong]).toMatchObject([asked, refusal]);
        const none = await send(github.app, asked.replace("/repos/x/x", "/repos/castchat/app"), undefined, {});
        expect([asked, none.status]).toEqual([asked, /^GET .*\/repos\//.test(asked) ? 404 : 401]);
      }
    }
  });

  it("creates a repository in the steps of the official plugin", async () => {
    await gives("GET /api/v3/orgs/castchat", 200, { login: "castchat", type: "Organization" });
    await creates({ description: "The app" }, 201, {
      name: "app",
      full_name: "castchat/app",
      private: true,
      visibility: "private",
      default_branch: "main",
      owner: { login: "castchat" },
    });
    const changed = { allow_merge_commit: false, description: "The app" };
    await gives([`PATCH ${repo}`, { allow_merge_commit: false }], 200, changed);
    await gives([`PUT ${repo}/topics`, { names: ["mirror"] }], 200, { names: ["mirror"] });
    await gives(`GET ${repo}`, 200, { topics: ["mirror"], allow_merge_commit: false });
    await gives(`GET ${repo}/vulnerability-alerts`, 404);
    await gives(`PUT ${repo}/vulnerability-alerts`, 204);
    await gives(`GET ${repo}/vulnerability-alerts`, 204);
  });

  it("refuses a second repository of the same name, in upper or lower case, and a bad name", async () => {
    await create();
    const refusal = {
      message: "Repository creation failed.",
      errors: [
        { resource: "Repository", code: "custom", field: "name", message: "name already exists on this account" },
      ],
    };
    await creates({ name: "APP" }, 422, refusal);
    await creates({ name: "a/../b" }, 422);
    await creates({ name: ".." }, 422);
    await gives(["POST /user/repos", { name: "app" }], 201);
    await creates({ name: "other" }, 201);
    await gives([`PATCH /repos/castchat/other`, { name: "app" }], 422);
  });

  it("renames and deletes the git data too, and keeps its state over a restart", async () => {
    await create({ auto_init: true });
    await gives([`PATCH ${repo}`, { name: "renamed" }], 200, { full_name: "castchat/renamed" });
    github = createGithubEmulator(bed.deps);
    const moved = (await gives(`GET ${repo}`, 301, { message: "Moved Permanently" })).body as { url: string };
    await gives(`GET ${new URL(moved.url).pathname}`, 200, { full_name: "castchat/renamed" });
    await gives("GET /repos/castchat/renamed/branches", 200, [{ name: "main" }]);
    const folder = join(bed.deps.paths.git, "castchat", "renamed.git");
    expect(existsSync(folder)).toBe(true);
    await gives("DELETE /repos/castchat/renamed", 204);
    expect(existsSync(folder)).toBe(false);
    await gives(`GET ${repo}`, 404, { message: "Not Found" });
    await create();
  });

  it("shows a fine-grained token only its own owner's private repositories, and lets it change nothing of others", async () => {
    await create();
    await creates({ name: "open", private: false }, 201);
    github = createGithubEmulator(bed.deps, {
      ...CLASSIC_TOKENS,
      githubToken: { owner: "elsewhere", workflows: true },
    });
    await gives(`GET ${repo}`, 404);
    await gives("GET /repos/castchat/open", 200, { private: false });
    const refusal = { message: "Resource not accessible by personal access token" };
    await gives(["PATCH /repos/castchat/open", { description: "x" }], 403, refusal);
    await gives(["POST /orgs/castchat/repos", { name: "new" }], 403, refusal);
    await gives(["POST /orgs/elsewhere/repos", { name: "new" }], 201);
    const { mirrorGithubToken } = bed.deps.credentials;
    const asked = `GET ${repo}`;
    const asOther = await send(github.app, asked, undefined, { authorization: `Bearer ${mirrorGithubToken}` });
    expect(asOther).toMatchObject({ status: 200, body: { private: true } });
  });

  it("says in each answer what the token may and when it ends, and then knows it no more", async () => {
    const headersOf = async () => {
      const answer = await github.app.request("/user", { headers: { authorization: `Bearer ${TOKEN}` } });
      return [answer.headers.get("x-oauth-scopes"), answer.headers.get("github-authentication-token-expiration")];
    };
    expect(await headersOf()).toEqual(["repo, workflow", null]);
    const expiresAt = new Date("2026-12-31T08:00:00Z");
    const fineGrained = { owner: "castchat", workflows: true, expiresAt };
    github = createGithubEmulator(bed.deps, { ...CLASSIC_TOKENS, githubToken: fineGrained });
    expect(await headersOf()).toEqual([null, "2026-12-31 08:00:00 UTC"]);
    github = createGithubEmulator(
      { ...bed.deps, clock: () => expiresAt },
      { ...CLASSIC_TOKENS, githubToken: fineGrained },
    );
    await gives("GET /user", 401, { message: "Bad credentials" });
  });

  it("runs workflows in a new repository until they are switched off", async () => {
    await create();
    await gives(`GET ${repo}/actions/permissions`, 200, { enabled: true, allowed_actions: "all" });
    await gives([`PUT ${repo}/actions/permissions`, { enabled: false }], 204);
    await gives(`GET ${repo}/actions/permissions`, 200, { enabled: false });
  });

  describe("over git", () => {
    let address = "";
    let work = "";
    const git = (...args: string[]) =>
      run("git", args, {
        cwd: work,
        env: { PATH: process.env["PATH"], GIT_TERMINAL_PROMPT: "0", GIT_CONFIG_NOSYSTEM: "1", HOME: work },
      });
    const commit = (...args: string[]) =>
      git("-c", "user.name=A", "-c", "user.email=a@example.com", "commit", "-q", ...args);
    const url = (password = TOKEN, name = "app") =>
      `${address.replace("//", `//x-access-token:${password}@`)}/castchat/${name}.git`;
    const fails = (command: Promise<unknown>, message: RegExp) =>
      expect(command).rejects.toMatchObject({ stderr: expect.stringMatching(message) });
    const output = async (...args: string[]) => (await git(...args)).stdout.trim();

    beforeEach(async () => {
      server = await listen(createAdaptorServer({ fetch: github.app.fetch }) as Server);
      address = server.url;
      await create();
      work = bed.deps.paths.home;
      await git("init", "-q", "-b", "main", "w");
      work = join(work, "w");
      await commit("--allow-empty", "-m", "First\n\nwith a body, é");
    });

    it("serves push, clone and fetch, and the API shows what was pushed", async () => {
      await gives(`GET ${repo}/commits/main`, 409, { message: "Git Repository is empty." });
      await git("push", "-q", url(), "main", "main:feature/x");
      const head = await output("rev-parse", "HEAD");
      await gives(`GET ${repo}/branches/feature/x`, 200, { name: "feature/x", commit: { sha: head } });
      await gives(`GET ${repo}/commits/${head.slice(0, 10)}`, 200, {
        sha: head,
        commit: { message: expect.stringContaining("é"), author: { name: "A" } },
      });
      await gives(`GET ${repo}/commits/none`, 422, { message: "No commit found for SHA: none" });
      await gives(`GET ${repo}/branches/none`, 404, { message: "Branch not found" });
      await gives([`PATCH ${repo}`, { default_branch: "none" }], 422);
      await call(`PATCH ${repo}`, { default_branch: "feature/x" });
      await git("clone", "-q", url(), "copy");
      expect(await output("-C", "copy", "rev-parse", "HEAD")).toBe(head);
      expect(await output("-C", "copy", "branch", "--show-current")).toBe("feature/x");
    });

    it("carries more than a pipe holds, both ways", async () => {
      await run("sh", ["-c", "head -c 6000000 /dev/urandom > big && git add big"], { cwd: work });
      await commit("-m", "big");
      await git("push", "-q", url(), "main");
      await git("clone", "-q", url(), "copy");
      await run("cmp", ["big", "copy/big"], { cwd: work });
    });

    it("refuses a wrong password, no password, and a missing repository", async () => {
      await git("push", "-q", url(), "main");
      await fails(git("ls-remote", url("wrong")), /Authentication failed/);
      await fails(git("push", url("wrong"), "main:other"), /Authentication failed/);
      await fails(git("ls-remote", `${address}/castchat/app.git`), /could not read Username/);
      await fails(git("ls-remote", url(TOKEN, "none")), /not found/i);
      expect(pick(await call(`GET ${repo}/branches`), "length")).toBe("1");
    });

    it("lets everyone read a public repository, but only push to it with the token", async () => {
      await git("push", "-q", url(), "main");
      await call(`PATCH ${repo}`, { private: false });
      expect(await output("ls-remote", `${address}/castchat/app.git`)).toContain("refs/heads/main");
      await fails(git("push", `${address}/castchat/app.git`, "main:other"), /could not read Username/);
      const read = await send(github.app, `GET ${repo}`, undefined, {});
      expect(read).toMatchObject({ status: 200, body: { private: false } });
    });

    it("refuses pushes to an archived repository and to its own refs", async () => {
      await git("push", "-q", url(), "main");
      await fails(git("push", url(), "main:refs/pull/1/head"), /hidden ref/);
      await call(`PATCH ${repo}`, { archived: true });
      await fails(git("push", url(), "main:other"), /archived|403/);
      expect(await output("ls-remote", url())).toContain("refs/heads/main");
      await gives([`PATCH ${repo}`, { description: "x" }], 403);
      await gives([`PATCH ${repo}`, { archived: false }], 200);
      await git("push", "-q", url(), "main:other");
    });
  });
});

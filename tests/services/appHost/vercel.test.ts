import { readdir, readlink } from "node:fs/promises";

import { describe, expect, it } from "@jest/globals";

import { vercelApps } from "../../../services/appHost/vercel.ts";
import { pick } from "../../lab/sandbox/emulators/support.ts";
import { createVercelEmulator } from "../../support/emulators.ts";
import { startEmulatorHost } from "../support/emulatorHost.ts";
import { type Reply, serve } from "../support/testServer.ts";
import { conformsToAppHost } from "./conformance.ts";

conformsToAppHost("Vercel", async () => {
  const host = await startEmulatorHost(createVercelEmulator, vercelApps);
  return {
    ...host,
    async makeProject(name, variables = {}) {
      const environmentVariables = Object.entries(variables).map(([key, value]) => ({
        key,
        value,
        type: "encrypted",
        target: ["production"],
      }));
      return pick(await host.call("POST /v11/projects", { name, framework: "node", environmentVariables }), "id");
    },
    async isPaused(projectId) {
      return pick(await host.call(`GET /v9/projects/${projectId}`), "paused") === "true";
    },
    async callsOnSchedule(projectId) {
      const { body } = await host.call(`GET /v9/projects/${projectId}`);
      return (body as { crons: { disabledAt: number | null } }).crons.disabledAt === null;
    },
    async startedWith(deploymentId) {
      const { env: environment, dir } = host.bed.apps.running.get(deploymentId)!;
      return { environment, files: await filesBelow(dir) };
    },
  };
});

// Answers as Vercel documents them, where they differ from the sandbox's.
describe("Vercel", () => {
  const answering = async (...replies: Reply[]) => {
    const server = await serve(...replies);
    return { server, host: vercelApps({ token: "t", endpoint: server.url }) };
  };

  it("says what a program has to declare of a live project, and what it can't", async () => {
    const live = async (more: object) => {
      const { host } = await answering({
        body: { id: "prj_1", name: "p", framework: null, buildCommand: null, ...more },
      });
      return await host.liveProject("p");
    };
    const link = { type: "github", org: "castchat", repo: "app", productionBranch: "main", deployHooks: [] };
    const resourceConfig = { fluid: true, functionDefaultRegions: ["hnd1"] };
    expect(
      await live({ framework: "nextjs", nodeVersion: "22.x", rootDirectory: "web", resourceConfig, link }),
    ).toEqual({
      id: "prj_1",
      build: { framework: "nextjs", nodeVersion: "22.x", rootDirectory: "web", functionRegion: "hnd1" },
      gitRepository: { type: "github", repo: "castchat/app", productionBranch: "main" },
      undeclarable: [],
    });
    const several = { functionDefaultRegions: ["hnd1", "iad1"] };
    expect(await live({ resourceConfig: several })).toEqual({ id: "prj_1", build: {}, undeclarable: [] });
    const gitlab = { type: "gitlab", projectNamespace: "castchat", projectName: "app" };
    expect(await live({ link: gitlab })).toMatchObject({ gitRepository: { type: "gitlab", repo: "castchat/app" } });
    expect(await live({ passwordProtection: { deploymentType: "all" } })).toMatchObject({
      undeclarable: [expect.stringContaining("password")],
    });
    const { host } = await answering({ status: 404, body: { error: { code: "not_found", message: "no" } } });
    expect(await host.liveProject("p")).toBeUndefined();
  });

  it("knows its own names and addresses in a record", async () => {
    const { host } = await answering();
    for (const own of [host.dnsTarget, host.dnsAddress, "d1d4fc829fe7bc7c.vercel-dns-017.com"])
      expect(host.isDnsTarget(own)).toBe(true);
    for (const other of ["old.example.org", "192.0.2.1", "not-vercel-dns.com", "vercel-dns.com.example.org"])
      expect(host.isDnsTarget(other)).toBe(false);
  });

  it("gets the team by id or by slug", async () => {
    const server = await serve({ status: 404, body: { error: { code: "not_found", message: "no" } } });
    for (const team of ["team_1", "acme", undefined])
      await vercelApps({ token: "t", endpoint: server.url, team }).project("p");
    const urls = ["/v9/projects/p?teamId=team_1", "/v9/projects/p?slug=acme", "/v9/projects/p"];
    expect(server.seen.map(({ url }) => url)).toEqual(urls);
  });

  it("lists teams by their pages", async () => {
    const { server, host } = await answering(
      { body: { teams: [{ id: "team_1", slug: "acme", name: "Acme" }], pagination: { next: 77 } } },
      { body: { teams: [{ id: "team_2", slug: "other" }], pagination: { next: null } } },
    );
    expect(await host.teams()).toEqual([
      { id: "team_1", slug: "acme", name: "Acme" },
      { id: "team_2", slug: "other", name: "other" },
    ]);
    expect(server.seen.map(({ url }) => url)).toEqual(["/v2/teams?limit=100", "/v2/teams?limit=100&until=77"]);
  });

  it("says of a project which repository it deploys and how it is built", async () => {
    const unset = { framework: null, buildCommand: null, rootDirectory: null };
    const projects = [
      {
        ...unset,
        id: "1",
        name: "web",
        framework: "nextjs",
        rootDirectory: "apps/web",
        nodeVersion: "22.x",
        link: { type: "github", org: "acme", repo: "shop", productionBranch: "trunk" },
        resourceConfig: { functionDefaultRegions: ["hnd1", "kix1"] },
        defaultResourceConfig: { functionDefaultRegions: ["iad1"] },
      },
      { ...unset, id: "2", name: "lab", link: { type: "gitlab", projectNamespace: "acme", projectName: "lab" } },
      {
        ...unset,
        id: "3",
        name: "bit",
        link: { type: "bitbucket", owner: "acme", slug: "bit" },
        serverlessFunctionRegion: "sfo1",
      },
      { ...unset, id: "4", name: "cli", link: null },
    ];
    const { host } = await answering({ body: { projects, pagination: { next: null } } });
    const linked = (of: string, fullName: string, branch?: string) => ({ host: of, fullName, branch });
    expect(await host.projects()).toEqual([
      {
        id: "1",
        name: "web",
        repository: linked("github", "acme/shop", "trunk"),
        build: { framework: "nextjs", rootDirectory: "apps/web", nodeVersion: "22.x", functionRegion: "hnd1" },
      },
      { id: "2", name: "lab", repository: linked("gitlab", "acme/lab"), build: {} },
      { id: "3", name: "bit", repository: linked("bitbucket", "acme/bit"), build: { functionRegion: "sfo1" } },
      { id: "4", name: "cli", repository: undefined, build: {} },
    ]);
  });

  it("lists a project's names by their pages, and says which redirect and which are a preview's", async () => {
    const [plain, www] = [{ name: "a.example" }, { name: "www.a.example", redirect: "a.example" }];
    const { server, host } = await answering(
      { body: { domains: [plain, www], pagination: { next: 77 } } },
      { body: { domains: [{ name: "next.a.example", gitBranch: "next" }], pagination: { next: null } } },
    );
    expect(await host.publicNames("p")).toMatchObject([
      plain,
      { name: "www.a.example", redirectsTo: "a.example" },
      { name: "next.a.example", isOfPreview: true },
    ]);
    const path = "/v9/projects/p/domains?limit=100";
    expect(server.seen.map(({ url }) => url)).toEqual([path, `${path}&until=77`]);
  });

  it("moves a name from a project that is on a later page, past those that don't have it", async () => {
    const missing = { status: 404, body: {} };
    const projects = ["own p", "a 1"].map((one) => ({ name: one.split(" ")[0], id: one.split(" ")[1] }));
    const { server, host } = await answering(
      missing,
      { status: 409, body: {} },
      missing,
      { body: { projects, pagination: { next: 77 } } },
      { body: { projects: [{ id: "2", name: "b" }], pagination: { next: null } } },
      missing,
      missing,
      { body: { name: "n" } },
      { body: { name: "n", verified: false, verification: [{ type: "TXT", domain: "d", value: "v", reason: "r" }] } },
    );
    expect(await host.takePublicName("p", "n")).toEqual({
      name: "n",
      isGenerated: false,
      isVerified: false,
      proofs: [{ type: "TXT", domain: "d", value: "v" }],
    });
    expect(server.seen.map(({ method, url }) => `${method} ${url}`)).toEqual([
      "GET /v9/projects/p/domains/n",
      "POST /v10/projects/p/domains",
      "GET /v4/aliases/n",
      "GET /v10/projects?limit=100",
      "GET /v10/projects?limit=100&from=77",
      "GET /v9/projects/p/domains/n",
      "GET /v9/projects/1/domains/n",
      "GET /v9/projects/2/domains/n",
      "POST /v1/projects/2/domains/n/move",
    ]);
  });

  it("asks no other project for a name that serves a deployment", async () => {
    const { server, host } = await answering({ body: { deploymentId: "d", projectId: "2" } }, { body: { name: "n" } });
    expect(await host.publicNameHolder("n")).toBe("2");
    expect(server.seen.map(({ url }) => url)).toEqual(["/v4/aliases/n", "/v9/projects/2/domains/n"]);
  });

  it("names the token where a project that it doesn't see has the name", async () => {
    const missing = { status: 404, body: {} };
    const { host } = await answering(missing, { status: 409, body: {} }, missing, { body: { projects: [] } });
    await expect(host.takePublicName("p", "n")).rejects.toThrow(
      "n belongs to a Vercel project that VERCEL_API_TOKEN cannot see: remove it there, or set a token of that team. Type: read -rs VERCEL_API_TOKEN && export VERCEL_API_TOKEN",
    );
  });

  it("shows a deployment's error, and takes an ERROR without words as one too", async () => {
    const deployment = { id: "dpl_1", url: "x.vercel.app" };
    const { host } = await answering(
      { body: { ...deployment, readyState: "ERROR", errorMessage: "Command failed" } },
      { body: { ...deployment, readyState: "CANCELED" } },
    );
    const failed = { state: "failed", url: "https://x.vercel.app" };
    expect(await host.deployment("dpl_1")).toMatchObject({ ...failed, status: "ERROR", error: "Command failed" });
    expect(await host.deployment("dpl_1")).toMatchObject({ ...failed, status: "CANCELED", error: undefined });
  });

  it.each([
    [
      { seatBlock: { blockCode: "COMMIT_AUTHOR_REQUIRED" } },
      /does not know the commit's author as a member of the team; add/,
    ],
    [{ seatBlock: { blockCode: "TEAM_ACCESS_REQUIRED" } }, /the commit's author has no access to the project; give/],
    [
      { seatBlock: { blockCode: "ANOTHER" }, readyStateReason: "Not paid." },
      /blocks it until a person allows it.*: Not paid\./,
    ],
    [{}, /^Vercel blocks it until a person allows it in the dashboard$/],
  ])("takes a blocked deployment with %j as failed, and says what to do", async (more, said) => {
    const { host } = await answering({ body: { id: "dpl_1", url: "x.vercel.app", readyState: "BLOCKED", ...more } });
    const error = expect.stringMatching(said) as unknown;
    expect(await host.deployment("dpl_1")).toMatchObject({ state: "failed", status: "BLOCKED", error });
  });

  it("takes a promotion of what serves already as done, and no other refusal", async () => {
    const current = { status: 409, body: { error: { code: "conflict", message: "current" } } };
    const { host } = await answering(current, { status: 400, body: {} });
    await host.promoteDeployment("p", "d");
    await expect(host.promoteDeployment("p", "d")).rejects.toThrow(/400/);
  });

  it("takes a rollback to what serves already as done, names the plan's limit, and no other refusal", async () => {
    const { host } = await answering({ status: 409, body: {} }, { status: 402, body: {} }, { status: 400, body: {} });
    await host.rollBackTo("p", "d", "why");
    await expect(host.rollBackTo("p", "d", "why")).rejects.toThrow(/plan does not permit a rollback to d: on Hobby/);
    await expect(host.rollBackTo("p", "d", "why")).rejects.toThrow(/400/);
  });

  it.each([
    ["in-progress", "pending"],
    ["pending", "pending"],
    ["succeeded", "done"],
    ["failed", "failed"],
    ["skipped", "failed"],
  ])("reads a move that is %s as %s, and a rolling release that its plan has not as none", async (jobStatus, state) => {
    const last = { type: "promote", fromDeploymentId: null, toDeploymentId: "d", requestedAt: 7, jobStatus };
    const { server, host } = await answering(
      { body: { id: "p", name: "n", lastAliasRequest: last } },
      { status: 403, body: {} },
    );
    expect(await host.releaseState("p")).toMatchObject({
      followsBuilds: true,
      isRolling: false,
      lastMove: { kind: "promotion", from: undefined, to: "d", state, status: jobStatus, at: new Date(7) },
    });
    expect(server.seen.map(({ url }) => url)).toEqual([
      "/v9/projects/p?rollbackInfo=true",
      "/v1/projects/p/rolling-release?state=ACTIVE",
    ]);
  });

  it("sees a rolling release, and releases without the host's word on them", async () => {
    const listed = { uid: "d", url: "d.vercel.app", state: "READY", createdAt: 7 };
    const { host } = await answering(
      { body: { id: "p", name: "n", autoAssignCustomDomains: false } },
      { body: { rollingRelease: { state: "ACTIVE" } } },
      { body: { deployments: [listed] } },
      { body: { deployments: [{ ...listed, createdAt: undefined }] } },
    );
    expect(await host.releaseState("p")).toMatchObject({ isRolling: true, followsBuilds: false });
    expect(await host.releases("p")).toMatchObject([{ id: "d", isCandidate: undefined, createdAt: new Date(7) }]);
    await expect(host.releases("p")).rejects.toThrow(/deployments/);
  });

  it("shows a linked repository, and no bypass that is not for automations", async () => {
    const protectionBypass = { s: { scope: "shareable-link" } };
    const { host } = await answering({ body: { id: "p", name: "n", link: { type: "github" }, protectionBypass } });
    expect(await host.project("p")).toMatchObject({ hasRepository: true });
    const pass = host.passFor("p", "https://x.vercel.app");
    await expect(pass).rejects.toThrow(/Vercel made no bypass secret for project p/);
  });
});

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => !entry.isDirectory());
  return await Promise.all(
    files.map(async (entry) => {
      const path = `${entry.parentPath}/${entry.name}`;
      const name = path.slice(folder.length + 1);
      return entry.isSymbolicLink() ? `${name} -> ${await readlink(path)}` : name;
    }),
  );
}

import { readdir } from "node:fs/promises";

import { afterEach, describe, expect, it } from "@jest/globals";

import { createVercelEmulator } from "../../../lab/sandbox/emulators/vercel.ts";
import { vercelApps } from "../../../services/appHost/vercel.ts";
import { pick } from "../../lab/sandbox/emulators/support.ts";
import { startEmulatorHost } from "../support/emulatorHost.ts";
import { type Reply, startTestServer } from "../support/testServer.ts";
import { conformsToAppHost } from "./conformance.ts";

conformsToAppHost("Vercel", async () => {
  const host = await startEmulatorHost(createVercelEmulator, vercelApps);
  return {
    ...host,
    async makeProject(name, variables = {}) {
      const environmentVariables = Object.entries(variables).map(([key, value]) => ({
        ...{ key, value, type: "encrypted", target: ["production"] },
      }));
      return pick(await host.call("POST /v11/projects", { name, environmentVariables }), "id");
    },
    async isPaused(projectId) {
      return pick(await host.call(`GET /v9/projects/${projectId}`), "paused") === "true";
    },
    async startedWith(deploymentId) {
      const { env: environment, dir } = host.bed.apps.running.get(deploymentId)!;
      return { environment, files: await filesBelow(dir) };
    },
  };
});

// Answers as Vercel documents them, where they differ from the sandbox's.
describe("Vercel", () => {
  const stops: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const stop of stops.splice(0)) await stop();
  });
  async function serve(...replies: Reply[]) {
    const server = await startTestServer(replies);
    stops.push(server.stop);
    return server;
  }

  it("is told the team by id or by slug", async () => {
    const server = await serve({ status: 404, body: { error: { code: "not_found", message: "no" } } });
    await vercelApps({ token: "t", endpoint: server.url, team: "team_1" }).project("p");
    await vercelApps({ token: "t", endpoint: server.url, team: "acme" }).project("p");
    await vercelApps({ token: "t", endpoint: server.url }).project("p");
    expect(server.seen.map(({ url }) => url)).toEqual([
      "/v9/projects/p?teamId=team_1",
      "/v9/projects/p?slug=acme",
      "/v9/projects/p",
    ]);
  });

  it("moves a name from a project that is on a later page, past those that don't have it", async () => {
    const [missing, inUse] = [
      { status: 404, body: {} },
      { status: 409, body: {} },
    ];
    const server = await serve(
      ...[missing, inUse],
      {
        body: {
          projects: [
            { id: "p", name: "own" },
            { id: "1", name: "a" },
          ],
          pagination: { next: 77 },
        },
      },
      { body: { projects: [{ id: "2", name: "b" }], pagination: { next: null } } },
      missing,
      { body: { name: "n" } },
      { body: { name: "n", verified: false, verification: [{ type: "TXT", domain: "d", value: "v", reason: "r" }] } },
    );
    expect(await vercelApps({ token: "t", endpoint: server.url }).takePublicName("p", "n")).toEqual({
      ...{ name: "n", isGenerated: false, isVerified: false, proofs: [{ type: "TXT", domain: "d", value: "v" }] },
    });
    expect(server.seen.map(({ method, url }) => `${method} ${url}`)).toEqual([
      "GET /v9/projects/p/domains/n",
      "POST /v10/projects/p/domains",
      "GET /v9/projects?limit=100",
      "GET /v9/projects?limit=100&from=77",
      "GET /v9/projects/1/domains/n",
      "GET /v9/projects/2/domains/n",
      "POST /v1/projects/2/domains/n/move",
    ]);
  });

  it("names the token where a project that it doesn't see has the name", async () => {
    const server = await serve({ status: 404, body: {} }, { status: 409, body: {} }, { body: { projects: [] } });
    await expect(vercelApps({ token: "t", endpoint: server.url }).takePublicName("p", "n")).rejects.toThrow(
      "n belongs to a Vercel project that VERCEL_API_TOKEN does not see: remove it there, or use a token of that team.",
    );
  });

  it("shows a deployment's error, and takes an ERROR without words as one too", async () => {
    const deployment = { id: "dpl_1", url: "x.vercel.app" };
    const server = await serve(
      { body: { ...deployment, readyState: "ERROR", errorMessage: "Command failed" } },
      { body: { ...deployment, readyState: "CANCELED" } },
    );
    const host = vercelApps({ token: "t", endpoint: server.url });
    const failed = { state: "failed", url: "https://x.vercel.app" };
    expect(await host.deployment("dpl_1")).toMatchObject({ ...failed, status: "ERROR", error: "Command failed" });
    expect(await host.deployment("dpl_1")).toMatchObject({ ...failed, status: "CANCELED", error: undefined });
  });

  it("takes a promotion of what serves already as done, and no other refusal", async () => {
    const server = await serve(
      { status: 409, body: { error: { code: "conflict", message: "current" } } },
      { status: 400, body: {} },
    );
    const host = vercelApps({ token: "t", endpoint: server.url });
    await host.promoteDeployment("p", "d");
    await expect(host.promoteDeployment("p", "d")).rejects.toThrow(/400/);
  });

  it("shows a linked repository, and no bypass that is not for automations", async () => {
    const project = {
      id: "p",
      name: "n",
      link: { type: "github" },
      protectionBypass: { s: { scope: "shareable-link" } },
    };
    const server = await serve({ body: project }, { body: project }, { body: project });
    const host = vercelApps({ token: "t", endpoint: server.url });
    expect(await host.project("p")).toMatchObject({ hasRepository: true });
    await expect(host.passFor("p", "https://x.vercel.app")).rejects.toThrow(
      /Vercel made no bypass secret for project p/,
    );
  });
});

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => `${parentPath}/${name}`.slice(folder.length + 1));
}

import { describe, expect, it } from "@jest/globals";

import { commitChange } from "../../../lab/sandbox/app/repository.ts";
import type { GitlabOptions } from "../../../lab/sandbox/emulators/gitlab.ts";
import type { EmulatorDependencies } from "../../../lab/sandbox/host/services.ts";
import { gitCommand } from "../../../services/codeHost/gitCommand.ts";
import { gitlabCode } from "../../../services/codeHost/gitlab.ts";
import { services } from "../../../services/services.ts";
import { TOKEN } from "../../lab/sandbox/emulators/support.ts";
import { createGitlabEmulator } from "../../support/emulators.ts";
import { startEmulatorHost } from "../support/emulatorHost.ts";
import { serve } from "../support/testServer.ts";
import { conformsToCodeHost } from "./conformance.ts";

const signal = new AbortController().signal;
const start = (options: Partial<GitlabOptions> = {}) =>
  startEmulatorHost((deps: EmulatorDependencies) => createGitlabEmulator(deps, options), gitlabCode);
type Started = Awaited<ReturnType<typeof start>>;

/** Makes a project with one commit, as a person would. */
async function makeProject(host: Started, fullName: string): Promise<string> {
  const [group, path] = [fullName.slice(0, fullName.lastIndexOf("/")), fullName.split("/").at(-1)];
  const { id } = (await host.call(`GET /api/v4/namespaces/${encodeURIComponent(group)}`)).body as { id: number };
  const body = { path, name: path, namespace_id: id, visibility: "private", initialize_with_readme: true };
  await host.call("POST /api/v4/projects", body);
  return `${host.url}/${fullName}.git`;
}

conformsToCodeHost("GitLab", async () => {
  const host = await start({ hasGroup: (group) => group !== "nobodys" });
  const at = (fullName: string) => `/api/v4/projects/${encodeURIComponent(fullName)}`;
  return {
    ...host,
    protectsDefault: true,
    absentOwner: "nobodys",
    async makeRepository(fullName) {
      const address = await makeProject(host, fullName);
      const [main] = (await host.call(`GET ${at(fullName)}/repository/branches`)).body as { commit: { id: string } }[];
      return { address, commit: main!.commit.id };
    },
    async commitFiles(fullName, files) {
      await commitChange({ remoteUrl: `${host.url}/${fullName}.git`, token: TOKEN, message: "change", files });
    },
    async rename(fullName, name) {
      await host.call(`PUT ${at(fullName)}`, { path: name });
    },
    async archive(fullName) {
      await host.call(`POST ${at(fullName)}/archive`);
    },
    async protect(fullName, branches) {
      for (const name of branches) {
        await host.call(`DELETE ${at(fullName)}/protected_branches/${name}`);
        await host.call(`POST ${at(fullName)}/protected_branches`, { name });
      }
    },
  };
});

describe("GitLab", () => {
  it("has projects in groups of groups, by git as well", async () => {
    const host = await start();
    try {
      const code = host.open({ endpoint: host.url });
      const address = await makeProject(host, "castchat/standby/app");
      expect(await code.repository("CastChat/standby/app")).toMatchObject({ fullName: "castchat/standby/app" });
      expect(await gitCommand([code.gitCredential()]).newestCommit(address, "main", signal)).toMatch(/^[0-9a-f]{40}$/);
    } finally {
      await host.stop();
    }
  });

  it("exports a project without the token of its runners", async () => {
    const server = await serve({ body: { name: "r", runners_token: "secret", import_url: "https://u:p@h/r.git" } });
    const exported = await gitlabCode({ token: "t", endpoint: server.url }).exportRepository("o/r");
    expect(exported).toEqual({ name: "r" });
    expect(server.seen[0]?.url).toBe("/api/v4/projects/o%2Fr");
  });

  it("does not follow a redirect to another server", async () => {
    const server = await serve({ status: 302, headers: { location: "http://127.0.0.1:9/api/v4/projects/1" } });
    const found = gitlabCode({ token: "t", endpoint: server.url }).repository("o/r");
    await expect(found).rejects.toMatchObject({ name: "ServiceError", status: 302 });
    expect(server.seen).toHaveLength(1);
  });

  it("says which scope a token lacks, and lets one push that may only write repositories", async () => {
    const reading = await start({ token: { scopes: ["read_api", "read_repository"] } });
    const writing = await start({ token: { scopes: ["write_repository"] } });
    try {
      const code = reading.open({ endpoint: reading.url });
      await expect(code.setArchived("o/r", true)).rejects.toThrow(
        /\(403\): the token lacks the scope api\. Check GITLAB_TOKEN: docs\/accounts\.md lists its rights/,
      );
      expect(await code.inspectToken()).toMatchObject({ isValid: true, scopes: ["read_api", "read_repository"] });
      expect(await writing.open({ endpoint: writing.url }).inspectToken()).toEqual({
        isValid: true,
        scopes: undefined,
        expiresAt: undefined,
      });
    } finally {
      await reading.stop();
      await writing.stop();
    }
  });

  it("refuses git's push with a token that may only read", async () => {
    const host = await start();
    try {
      await makeProject(host, "castchat/app");
      const pushing = async (...scopes: string[]) => {
        const { app } = createGitlabEmulator(host.bed.deps, { token: { scopes } });
        const authorization = `Basic ${Buffer.from(`oauth2:${TOKEN}`).toString("base64")}`;
        const answer = await app.request("/castchat/app.git/info/refs?service=git-receive-pack", {
          headers: { authorization },
        });
        return answer.status === 200 ? answer.status : await answer.text();
      };
      expect(await pushing("write_repository")).toBe(200);
      expect(await pushing("api")).toBe(200);
      expect(await pushing("read_api", "read_repository")).toBe("You are not allowed to upload code.");
    } finally {
      await host.stop();
    }
  });

  it("says a token's scopes and last date, and that it is over then", async () => {
    const environment = { GITLAB_TOKEN: TOKEN };
    const asked = async (expiresAt?: Date, token = TOKEN) => {
      const host = await start({ token: { scopes: ["api"], ...(expiresAt && { expiresAt }) } });
      try {
        const places = { awsRegion: "ap-northeast-1", endpoints: { gitlab: host.url } };
        return await services(places, { ...environment, GITLAB_TOKEN: token }).inspectToken("GITLAB_TOKEN", signal);
      } finally {
        await host.stop();
      }
    };
    const over = { isValid: false, scopes: undefined, expiresAt: undefined };
    expect(await asked()).toEqual({ isValid: true, scopes: ["api"], expiresAt: "never" });
    expect(await asked(new Date("2026-01-31T08:00:00Z"))).toMatchObject({
      expiresAt: new Date("2026-01-31T00:00:00Z"),
    });
    // The emulator's clock is at 03:04 on that day.
    expect(await asked(new Date("2026-01-02T23:00:00Z"))).toEqual(over);
    expect(await asked(undefined, "wrong-and-secret")).toEqual(over);
    const server = await serve({ body: { active: false, revoked: true } });
    expect(await gitlabCode({ token: "t", endpoint: server.url }).inspectToken()).toEqual(over);
  });

  it("has its own credential beside GitHub's, and only for its own address", async () => {
    const [github, gitlab] = [await serve({ status: 404, body: "no" }), await serve({ status: 404, body: "no" })];
    const places = { awsRegion: "x", endpoints: { github: github.url, gitlab: gitlab.url }, mirrorOwner: "mirrors" };
    const git = services(places, { GITHUB_TOKEN: "hub", GITLAB_TOKEN: "lab" }).ports.git();
    for (const { url } of [github, gitlab])
      await git.remoteRefs(`${url}/mirrors/r.git`, [], signal).catch(() => undefined);
    const sent = [github, gitlab].map(({ seen }) => (seen[0]?.headers.authorization ?? "").replace("Basic ", ""));
    expect(sent.map((one) => Buffer.from(one, "base64").toString())).toEqual(["x-access-token:hub", "oauth2:lab"]);
    expect(() => services(places, {}).ports.mirrorHost("gitlab")).toThrow("GITLAB_TOKEN is not set");
  });
});

import { describe, expect, it } from "@jest/globals";

import { commitChange } from "../../../lab/sandbox/app/repository.ts";
import type { EmulatorDependencies } from "../../../lab/sandbox/host/services.ts";
import { githubCode } from "../../../services/codeHost/github.ts";
import { TOKEN } from "../../lab/sandbox/emulators/support.ts";
import { createGithubEmulator } from "../../support/emulators.ts";
import { startEmulatorHost } from "../support/emulatorHost.ts";
import { serve } from "../support/testServer.ts";
import { conformsToCodeHost } from "./conformance.ts";

conformsToCodeHost("GitHub", async () => {
  let emulator: ReturnType<typeof createGithubEmulator> | undefined;
  const create = (...args: Parameters<typeof createGithubEmulator>) => (emulator = createGithubEmulator(...args));
  const host = await startEmulatorHost(create, githubCode);
  const patch = async (fullName: string, body: object) => {
    await host.call(`PATCH /api/v3/repos/${fullName}`, body);
  };
  return {
    ...host,
    protectsDefault: false,
    async makeRepository(fullName) {
      const [owner, name] = fullName.split("/");
      await host.call(`POST /api/v3/orgs/${owner}/repos`, { name, private: true, auto_init: true });
      const address = `${host.url}/${fullName}.git`;
      const { sha } = (await host.call(`GET /api/v3/repos/${fullName}/commits/main`)).body as { sha: string };
      return { address, commit: sha };
    },
    async commitFiles(fullName, files) {
      await commitChange({ remoteUrl: `${host.url}/${fullName}.git`, token: TOKEN, message: "change", files });
    },
    rename: (fullName, name) => patch(fullName, { name }),
    archive: (fullName) => patch(fullName, { archived: true }),
    protect: (fullName, branches) => Promise.resolve(emulator?.protectBranches(fullName, branches)),
  };
});

describe("GitHub", () => {
  it("is asked under /api/v3 of a server of one's own", async () => {
    const server = await serve({ body: { full_name: "o/r" } });
    for (const endpoint of [server.url, `${server.url}/api/v3/`])
      await githubCode({ token: "t", endpoint }).exportRepository("o/r");
    expect(server.seen.map(({ url }) => url)).toEqual(["/api/v3/repos/o/r", "/api/v3/repos/o/r"]);
  });

  it("lists repositories until a page is empty", async () => {
    const named = (name: string) => ({ full_name: `o/${name}`, default_branch: "trunk", private: name === "a" });
    const server = await serve({ body: [named("a")] }, { body: [named("b"), named("c")] }, { body: [] });
    const found = await githubCode({ token: "t", endpoint: server.url }).repositories();
    expect(found.map(({ fullName, isPrivate }) => [fullName, isPrivate])).toEqual([
      ["o/a", true],
      ["o/b", false],
      ["o/c", false],
    ]);
    expect(server.seen.map(({ url }) => url)).toEqual(
      [1, 2, 3].map((page) => `/api/v3/user/repos?per_page=100&page=${page}`),
    );
  });

  it("says that a private repository of the free plan has no protection", async () => {
    const create = (deps: EmulatorDependencies) => createGithubEmulator(deps, undefined, "free");
    const host = await startEmulatorHost(create, githubCode);
    try {
      const code = host.open({ endpoint: host.url });
      await code.createRepository("castchat/mirror", "Mirror");
      expect(await code.protectBranch("castchat/mirror", "main")).toBe(false);
      const server = await serve({
        status: 403,
        body: { message: "Resource not accessible by personal access token" },
      });
      const refused = githubCode({ token: "t", endpoint: server.url }).protectBranch("o/r", "main");
      await expect(refused).rejects.toThrow("Resource not accessible");
    } finally {
      await host.stop();
    }
  });

  it("makes a repository of the token's own user, who is no organization", async () => {
    const made = { full_name: "me/r", default_branch: "main", archived: false, private: true };
    const replies = [
      { status: 404, body: {} },
      { body: { login: "Me" } },
      { status: 201, body: made },
      { status: 204 },
    ];
    const server = await serve(...replies);
    const code = githubCode({ token: "t", endpoint: server.url });
    expect(await code.createRepository("me/r", "Mirror")).toMatchObject({ fullName: "me/r" });
    expect(server.seen.map(({ method, url }) => `${method} ${url}`)).toEqual([
      "POST /api/v3/orgs/me/repos",
      "GET /api/v3/user",
      "POST /api/v3/user/repos",
      "PUT /api/v3/repos/me/r/actions/permissions",
    ]);
    const other = await serve({ status: 404, body: {} }, { body: { login: "me" } });
    const refused = githubCode({ token: "t", endpoint: other.url }).createRepository("them/r", "Mirror");
    await expect(refused).rejects.toThrow(/^GitHub shows no owner them in which the token may create them\/r/);
  });

  it("takes git's token at github.com, whose API lies elsewhere", () =>
    expect(githubCode({ token: "t" }).gitCredential().origin).toBe("https://github.com"));
});

import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

import { originOf, RefusedTokenError } from "../../../services/codeHost/git.ts";
import { gitCommand } from "../../../services/codeHost/gitCommand.ts";
import { UserError } from "../../../services/common/errors.ts";
import { withTemporaryFolder } from "../../../services/common/temporaryFolder.ts";
import { startTestServer } from "../support/testServer.ts";

const signal = new AbortController().signal;
const identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"];
let root: string;
let source: string;

function run(cwd: string, ...args: string[]): string {
  return execFileSync("git", [...identity, ...args], {
    cwd,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  }).trim();
}

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "castchat-git-test-"));
  source = join(root, "source");
  run(root, "init", "-q", "-b", "main", source);
  await writeFile(join(source, "file.txt"), "one\n");
  run(source, "add", ".");
  run(source, "commit", "-qm", "one");
  run(source, "tag", "-am", "release", "v1");
  run(source, "checkout", "-qb", "topic/x");
  run(source, "commit", "-q", "--allow-empty", "-m", "two");
  run(source, "checkout", "-q", "main");
});
afterAll(() => rm(root, { recursive: true, force: true }));

describe("reading", () => {
  it("finds the newest commit of a branch, and the commit behind an annotated tag", async () => {
    const git = gitCommand();
    expect(await git.newestCommit(source, "main", signal)).toBe(run(source, "rev-parse", "main"));
    expect(await git.newestCommit(source, "topic/x", signal)).toBe(run(source, "rev-parse", "topic/x"));
    expect(await git.newestCommit(source, "v1", signal)).toBe(run(source, "rev-parse", "v1^{commit}"));
    expect(await git.newestCommit(source, "nothing", signal)).toBeUndefined();
  });

  it("copies one branch into a folder", async () => {
    const folder = join(root, "copy");
    expect(await gitCommand().checkout(`file://${source}`, "main", folder, signal)).toBe(
      run(source, "rev-parse", "main"),
    );
    expect(await readFile(join(folder, "file.txt"), "utf8")).toBe("one\n");
  });

  it("says in one sentence what is not there", async () => {
    const absent = gitCommand().checkout(source, "absent", join(root, "absent"), signal);
    await expect(absent).rejects.toMatchObject({
      name: "GitError",
      message: `git could not copy absent of ${source}: Remote branch absent not found in upstream origin.`,
    });
  });

  it.each(["--upload-pack=touch /tmp/x", "ext::sh -c id", "ssh://-oProxyCommand=id/x"])(
    "refuses %s as an address",
    async (url) => {
      await expect(gitCommand().remoteRefs(url, [], signal)).rejects.toThrow(UserError);
    },
  );

  it.each(["--help", "a..b", "a b", ""])("refuses %p as a branch", async (branch) => {
    await expect(gitCommand().checkout(source, branch, join(root, "no"), signal)).rejects.toThrow(
      /is no name of a branch/,
    );
  });

  it("runs no hook that a repository brings along", async () => {
    const folder = join(root, "hooked");
    run(root, "clone", "-q", source, folder);
    await writeFile(join(folder, ".git/hooks/pre-push"), `#!/bin/sh\ntouch ${root}/hook-ran\n`, { mode: 0o755 });
    run(root, "init", "-q", "--bare", join(root, "target.git"));
    await gitCommand().push(folder, join(root, "target.git"), ["refs/heads/main:refs/heads/main"], signal);
    expect(existsSync(join(root, "hook-ran"))).toBe(false);
  });
});

describe("pushing", () => {
  it("tells for each ref whether the remote took it", async () => {
    const target = join(root, "half.git");
    run(root, "init", "-q", "--bare", target);
    run(target, "config", "receive.hideRefs", "refs/pull");
    const pushed = await gitCommand().push(
      source,
      target,
      ["refs/heads/main:refs/heads/main", "refs/heads/main:refs/pull/1/head"],
      signal,
    );
    expect(pushed.map(({ name, taken }) => [name, taken])).toEqual(
      expect.arrayContaining([
        ["refs/heads/main", true],
        ["refs/pull/1/head", false],
      ]),
    );
    expect(pushed.find(({ taken }) => !taken)?.reason).toMatch(/hidden ref/);
  });
});

describe("a token", () => {
  it("goes as a header to its own server alone, and is in no message", async () => {
    const own = await startTestServer([{ status: 401, body: "no" }]);
    const other = await startTestServer([{ status: 401, body: "no" }]);
    try {
      const git = gitCommand([
        { origin: originOf(own.url), username: "x-access-token", token: "ghp_sesame", tokenName: "OWN_TOKEN" },
      ]);
      const refused = await git.remoteRefs(`${own.url}/o/r.git`, [], signal).catch((error: unknown) => error);
      expect(refused).toEqual(
        new RefusedTokenError(
          `git could not read the refs of ${own.url}/o/r.git: the server refuses the token. Correct OWN_TOKEN.`,
        ),
      );
      expect(own.seen[0]!.headers.authorization).toBe(
        `Basic ${Buffer.from("x-access-token:ghp_sesame").toString("base64")}`,
      );
      await expect(git.remoteRefs(`${other.url}/o/r.git`, [], signal)).rejects.toThrow(
        new RefusedTokenError(
          `git could not read the refs of ${other.url}/o/r.git: the server wants a token, and there is none for it.`,
        ),
      );
      expect(other.seen.length).toBeGreaterThan(0);
      expect(other.seen.every(({ headers }) => headers.authorization === undefined)).toBe(true);
    } finally {
      await own.stop();
      await other.stop();
    }
  });
});

describe("stopping", () => {
  it("ends git and throws the caller's own reason", async () => {
    const server = await startTestServer([{ hang: true }]);
    const controller = new AbortController();
    const attempt = expect(gitCommand().remoteRefs(`${server.url}/o/r.git`, [], controller.signal)).rejects.toThrow(
      "Stopped on request.",
    );
    while (server.seen.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    controller.abort(new Error("Stopped on request."));
    await attempt;
    await server.stop();
  });

  it("removes a temporary folder also after a failure", async () => {
    const failing = withTemporaryFolder("unittest", async (folder) => {
      await writeFile(join(folder, "x"), "x");
      throw new Error("on purpose");
    });
    await expect(failing).rejects.toThrow("on purpose");
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith("castchat-unittest-"))).toEqual([]);
  });
});

import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

import { type GitCredential, originOf, RefusedTokenError } from "../../../services/codeHost/git.ts";
import { gitCommand } from "../../../services/codeHost/gitCommand.ts";
import { UserError } from "../../../services/common/errors.ts";
import { withTemporaryFolder } from "../../../services/common/temporaryFolder.ts";
import { serve } from "../support/testServer.ts";

const signal = new AbortController().signal;
const identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"];
let root: string;
let source: string;

function run(cwd: string, ...args: string[]): string {
  const stdio = ["ignore", "pipe", "pipe"] as ["ignore", "pipe", "pipe"];
  return execFileSync("git", [...identity, ...args], { cwd, encoding: "utf8", stdio }).trim();
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
    const copied = await gitCommand().checkout(`file://${source}`, "main", folder, signal);
    expect(copied).toBe(run(source, "rev-parse", "main"));
    expect(await readFile(join(folder, "file.txt"), "utf8")).toBe("one\n");
  });

  it("lists the files that rules ignore, and the folders of other repositories", async () => {
    const git = gitCommand();
    const folder = join(root, "ruled");
    run(root, "clone", "-q", source, folder);
    await mkdir(join(folder, "a", "tests"), { recursive: true });
    for (const name of ["a/tests/deep ü.txt", "a/kept.md", "a/b.md"]) await writeFile(join(folder, name), "x");
    expect(await git.ignoredBy(folder, ".vercelignore", signal)).toEqual([]);
    await writeFile(join(folder, ".vercelignore"), "# rules\ntests\n*.md\n!kept.md\n");
    await writeFile(join(folder, ".gitignore"), "file.txt\n");
    run(folder, "add", "-A");
    expect(await git.submodules(folder, signal)).toEqual([]);
    run(folder, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", source, "vendor/the lib");
    expect((await git.ignoredBy(folder, ".vercelignore", signal)).sort()).toEqual(["a/b.md", "a/tests/deep ü.txt"]);
    expect(await git.submodules(folder, signal)).toEqual(["vendor/the lib"]);
    const ignoredBy = async (rules: string) => {
      await writeFile(join(folder, ".vercelignore"), rules);
      return (await git.ignoredBy(folder, ".vercelignore", signal)).filter((name) => name.startsWith("a/")).sort();
    };
    // As Vercel's client reads them: `./` is dropped, and the case of letters does not matter.
    expect(await ignoredBy("./a/tests\r\n./a/B.MD\r\n")).toEqual(["a/b.md", "a/tests/deep ü.txt"]);
    expect(await ignoredBy("/*\n!a\n")).toEqual([]);
    expect(await ignoredBy("/*\n!/a\n./a/*\n!a/kept.md\n")).toEqual(["a/b.md", "a/tests/deep ü.txt"]);
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
    (url) => expect(gitCommand().remoteRefs(url, [], signal)).rejects.toThrow(UserError),
  );

  it.each(["--help", "a..b", "a b", ""])("refuses %p as a branch", async (branch) => {
    const checkout = gitCommand().checkout(source, branch, join(root, "no"), signal);
    await expect(checkout).rejects.toThrow(/is not the name of a branch/);
  });

  it("runs no hook that a repository brings along", async () => {
    const folder = join(root, "hooked");
    run(root, "clone", "-q", source, folder);
    await writeFile(join(folder, ".git/hooks/pre-push"), `#!/bin/sh\ntouch ${root}/hook-ran\n`, { mode: 0o755 });
    run(root, "init", "-q", "--bare", join(root, "target.git"));
    const object = run(folder, "rev-parse", "main");
    const pushes = [{ name: "refs/heads/main", object, expected: undefined }];
    await gitCommand().bare(folder).push(join(root, "target.git"), pushes, signal);
    expect(existsSync(join(root, "hook-ran"))).toBe(false);
  });
});

describe("pushing", () => {
  it("reports for each ref whether the remote took it", async () => {
    const target = join(root, "half.git");
    run(root, "init", "-q", "--bare", target);
    run(target, "config", "receive.hideRefs", "refs/pull");
    const object = run(source, "rev-parse", "main");
    const pushes = ["refs/heads/main", "refs/pull/1/head"].map((name) => ({ name, object, expected: undefined }));
    const pushed = await gitCommand().bare(source).push(target, pushes, signal);
    const taken = Object.fromEntries(pushed.map((one) => [one.name, one.taken]));
    expect(taken).toMatchObject({ "refs/heads/main": true, "refs/pull/1/head": false });
    expect(pushed.find((one) => !one.taken)?.reason).toMatch(/hidden ref/);
  });

  it("is refused where the remote has another object than expected", async () => {
    const target = join(root, "half.git");
    const object = run(source, "rev-parse", "topic/x");
    const push = (expected: string | undefined) =>
      gitCommand()
        .bare(source)
        .push(target, [{ name: "refs/heads/main", object, expected }], signal);
    expect(await push(undefined)).toMatchObject([{ taken: false, reason: expect.stringContaining("stale info") }]);
    expect(await push(object)).toMatchObject([{ taken: false }]);
    expect(await push(run(source, "rev-parse", "main"))).toMatchObject([{ taken: true }]);
  });
});

describe("a token", () => {
  it("goes as a header only to its own server, and is in no message", async () => {
    const [own, other] = [await serve({ status: 401, body: "no" }), await serve({ status: 401, body: "no" })];
    const origin = originOf(own.url);
    const git = gitCommand([{ origin, username: "x-access-token", token: "ghp_sesame", tokenName: "OWN_TOKEN" }]);
    const refused = await git.remoteRefs(`${own.url}/o/r.git`, [], signal).catch((error: unknown) => error);
    const what = `git could not read the refs of ${own.url}/o/r.git: the server refuses the token.`;
    expect(refused).toEqual(
      new RefusedTokenError(`${what} Correct OWN_TOKEN. Type: read -rs OWN_TOKEN && export OWN_TOKEN (then paste it)`),
    );
    const basic = Buffer.from("x-access-token:ghp_sesame").toString("base64");
    expect(own.seen[0]!.headers.authorization).toBe(`Basic ${basic}`);
    const without = `git could not read the refs of ${other.url}/o/r.git: the server wants a token, and there is none for it.`;
    const refusal = new RefusedTokenError(`${without} Check the address of the repository.`);
    await expect(git.remoteRefs(`${other.url}/o/r.git`, [], signal)).rejects.toThrow(refusal);
    expect(other.seen.length).toBeGreaterThan(0);
    expect(other.seen.every(({ headers }) => headers.authorization === undefined)).toBe(true);
  });
});

describe("tokens of two owners", () => {
  const tokens = (origin: string, source: string | undefined): GitCredential[] => [
    { origin, username: "x", token: source, tokenName: "SOURCE_TOKEN" },
    { origin, username: "x", token: "mirror-token", tokenName: "MIRROR_TOKEN", owner: "Mirrors" },
  ];
  const sent = ({ headers: { authorization = "" } }: { headers: { authorization?: string | undefined } }) =>
    Buffer.from(authorization.replace("Basic ", ""), "base64").toString();

  it("go to the repositories of their owner, in any case, one at a time", async () => {
    const server = await serve({ status: 404, body: "no" });
    const git = gitCommand(tokens(server.url, "source-token"));
    for (const path of ["castchat/app", "mirrors/app", "MIRRORS/app", "mirrors-of-others/app"])
      await git.remoteRefs(`${server.url}/${path}.git`, [], signal).catch(() => undefined);
    expect(server.seen.map(sent)).toEqual(["x:source-token", "x:mirror-token", "x:mirror-token", "x:source-token"]);
  });

  it("are named where one is missing, and where one may not reach the repository", async () => {
    const [refusing, hiding] = [await serve({ status: 401, body: "no" }), await serve({ status: 404, body: "no" })];
    const source = gitCommand(tokens(refusing.url, undefined)).remoteRefs(`${refusing.url}/o/r.git`, [], signal);
    await expect(source).rejects.toThrow(
      /the server wants a token, and SOURCE_TOKEN is not set: .* Type: read -rs SOURCE_TOKEN/,
    );
    const mirror = gitCommand(tokens(hiding.url, "s")).remoteRefs(`${hiding.url}/mirrors/r.git`, [], signal);
    await expect(mirror).rejects.toThrow(
      /shows no such repository. It does not exist, or MIRROR_TOKEN does not reach it: a fine-grained token reaches one owner/,
    );
  });
});

describe("stopping", () => {
  it("ends git and throws the caller's own reason", async () => {
    const server = await serve({ hang: true });
    const controller = new AbortController();
    const refs = gitCommand().remoteRefs(`${server.url}/o/r.git`, [], controller.signal);
    const attempt = expect(refs).rejects.toThrow("Stopped on request.");
    while (server.seen.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    controller.abort(new Error("Stopped on request."));
    await attempt;
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

describe("a branch's history", () => {
  const git = gitCommand();
  const author = { name: "An Engineer", email: "engineer@example.org" };
  let repository: string;
  let commits: string[];
  beforeAll(async () => {
    repository = join(root, "history");
    run(root, "init", "-q", "-b", "main", repository);
    commits = [];
    const commit = async (name: string, message: string) => {
      await writeFile(join(repository, name), `${message}\n`);
      run(repository, "add", ".");
      run(repository, "commit", "-qm", message);
      commits.push(run(repository, "rev-parse", "HEAD"));
    };
    await commit("a.txt", "first");
    await commit("a.txt", "second\n\nwith a body");
    run(repository, "checkout", "-qb", "topic");
    await commit("b.txt", "on a branch");
    run(repository, "checkout", "-q", "main");
    run(repository, "merge", "-q", "--no-ff", "-m", "merge topic", "topic");
    commits.push(run(repository, "rev-parse", "HEAD"));
  });

  it("is read as far as it goes", async () => {
    const folder = join(root, "bare-history");
    const [first, second, topic, merge] = commits as [string, string, string, string];
    expect(await git.cloneHistory(`file://${repository}`, "main", folder, signal)).toBe(merge);
    expect(await git.commitsSince(folder, first, merge, signal)).toEqual([
      { id: merge, message: "merge topic", isMerge: true },
      { id: second, message: "second\n\nwith a body", isMerge: false },
    ]);
    expect(await git.commitsSince(folder, merge, merge, signal)).toEqual([]);
    expect(await git.isAncestor(folder, topic, merge, signal)).toBe(true);
    expect(await git.isAncestor(folder, merge, topic, signal)).toBe(false);
    expect(await git.isAncestor(folder, "f".repeat(40), merge, signal)).toBe(false);
    expect(await git.isAncestor(folder, merge, "f".repeat(40), signal)).toBeUndefined();
    expect(await git.isAncestor(folder, "--all", merge, signal)).toBe(false);
    expect(await git.pathsAt(folder, second, signal)).toEqual(["a.txt"]);
    expect(await git.pathsAt(folder, merge, signal)).toEqual(["a.txt", "b.txt"]);
    expect(await git.pathsAt(folder, "f".repeat(40), signal)).toBeUndefined();
  });

  it("is continued by what takes commits and merges back, and names one that conflicts", async () => {
    const [, second, , merge] = commits as [string, string, string, string];
    const all = [merge, second].map((id) => ({ id, message: "", isMerge: id === merge }));
    const wanted = { branch: "main", commits: all, message: "Take it back", author };
    const folder = join(root, "reverted");
    const { commit } = await git.revert(repository, folder, wanted, signal);
    expect(run(folder, "show", "-s", "--format=%an <%ae>, %cn: %s", commit!)).toBe(
      "An Engineer <engineer@example.org>, An Engineer: Take it back",
    );
    expect(run(folder, "ls-tree", "--name-only", commit!)).toBe("a.txt");
    expect(await readFile(join(folder, "a.txt"), "utf8")).toBe("first\n");
    expect(run(repository, "rev-parse", "main")).toBe(merge);
    const conflicting = { ...wanted, commits: [{ id: commits[0]!, message: "first", isMerge: false }] };
    expect(await git.revert(repository, join(root, "conflict"), conflicting, signal)).toEqual({
      conflict: conflicting.commits[0],
    });
    expect(await git.revert(repository, join(root, "nothing"), { ...wanted, commits: [] }, signal)).toEqual({});
  });

  it("is continued by the user of the machine", async () => {
    const given = { GIT_AUTHOR_NAME: "A", GIT_AUTHOR_EMAIL: "a@example.org" };
    expect(await git.identity(given, signal)).toEqual({ name: "A", email: "a@example.org" });
  });
});

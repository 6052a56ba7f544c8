import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { beforeAll, describe, expect, it } from "@jest/globals";
import { execa } from "execa";

import { parseRecord } from "../../../recovery/mirror/record.ts";
import { blobId } from "../../../recovery/mirror/refs.ts";
import type { BareRepository } from "../../../services/codeHost/bareRepository.ts";
import { RefusedTokenError } from "../../../services/codeHost/git.ts";
import { startMiniCloud } from "../../provider/recovery/miniCloud.ts";
import { commitFiles } from "../../provider/recovery/tinyApp.ts";
import { forSuite } from "../../support/suite.ts";
import { mirroredIn } from "./mirrored.ts";

const signal = new AbortController().signal;
const cloud = forSuite(startMiniCloud);
let make: ReturnType<typeof mirroredIn>;
beforeAll(() => {
  make = mirroredIn(cloud);
});

/** A git whose bare repositories answer pushes as `push` does. */
function pushing(push: (real: BareRepository, nth: number) => BareRepository["push"]) {
  let count = 0;
  return {
    ...cloud.git,
    bare: (folder: string) => {
      const real = cloud.git.bare(folder);
      return { ...real, push: (...args: Parameters<BareRepository["push"]>) => push(real, (count += 1))(...args) };
    },
  };
}

describe("a mirror", () => {
  it("follows branches, tags, notes and the default branch, keeps lost tips, and is asked twice when nothing changed", async () => {
    const one = await make.pair("code");
    const first = await one.commit("a.txt");
    await one.git("notes", "add", "-m", "note");
    await one.git("tag", "-a", "v1", "-m", "v1");
    await one.push("main", "main:old", "main:topic", "v1", "refs/notes/commits");
    // A pull request's ref, which GitHub makes itself and takes from no push.
    await execa("git", ["--git-dir", make.bare("castchat/code"), "update-ref", "refs/pull/1/head", first]);
    const done = await one.run();
    expect(done.heads).toEqual({ main: first, old: first, topic: first });
    const there = await one.refs();
    expect(Object.keys(there).sort()).toEqual(
      ["heads/main", "heads/old", "heads/topic", "notes/commits", "tags/v1"].sort(),
    );

    const second = await one.commit("b.txt");
    await one.push("main", ":old", "main:trunk");
    await one.git("commit", "--amend", "-q", "-m", "other");
    await one.git("checkout", "-q", "--orphan", "fresh");
    const rewritten = await one.commit("c.txt");
    await one.push("+fresh:topic");
    await cloud.codeHost.setDefaultBranch("castchat/code", "trunk");
    const again = await one.run();
    expect(again).toMatchObject({
      heads: { main: second, topic: rewritten, trunk: second },
      quarantined: [],
      diverged: [],
    });
    expect(again.kept).toHaveLength(2);
    expect(await one.refs()).toMatchObject({ "kept/heads/old": first, "kept/heads/topic": first });
    expect((await cloud.git.listing(one.mirror, signal)).defaultBranch).toBe("trunk");

    let calls = 0;
    const listing = (...args: Parameters<typeof cloud.git.listing>) => ((calls += 1), cloud.git.listing(...args));
    const unread = () => {
      throw new Error("nothing else is read");
    };
    expect(await one.run({ git: { ...cloud.git, listing, bare: unread } })).toMatchObject({
      heads: again.heads,
      updated: [],
    });
    expect(calls).toBe(2);
  });

  it("says in its own refs what it has seen and done, in a form that others can compute", async () => {
    const one = await make.pair("recorded");
    await one.push(`${await one.commit("a.txt")}:refs/heads/main`);
    await one.run();
    const second = await one.commit("b.txt");
    await one.push("main");
    await one.run();
    const { refs } = await cloud.git.listing(one.mirror, signal);
    const seen = refs.find(({ name }) => name === "refs/castchat/seen")?.object;
    expect(seen).toBe(blobId(`${second} refs/heads/main\n`));
    const git = async (...args: string[]) =>
      (await execa("git", ["--git-dir", make.bare("mirrors/recorded"), ...args])).stdout;
    expect(await git("rev-list", "--count", "refs/castchat/record")).toBe("2");
    const record = parseRecord(await git("show", "refs/castchat/record:record.json"));
    expect(record).toMatchObject({ updated: [{ ref: "refs/heads/main", new: second }], quarantined: [], accepted: [] });
  });

  it("holds back a rewritten default branch and a moved tag until a person accepts them, and follows the rest", async () => {
    const one = await make.pair("rewritten");
    const first = await one.commit("a.txt");
    await one.git("tag", "v1");
    await one.push("main", "v1", "main:release");
    cloud.protectBranches("castchat/rewritten", ["release"]);
    await one.run();
    await one.git("checkout", "-q", "--orphan", "other");
    const evil = await one.commit("evil.txt");
    await one.git("tag", "-f", "v1");
    await one.push("+other:main", "+v1", ":release", "other:new");
    const held = await one.run();
    expect(held.quarantined.map(({ ref, why }) => [ref, why])).toEqual([
      ["refs/heads/main", "the branch's history was rewritten"],
      ["refs/heads/release", "the default branch or a protected one was deleted"],
      ["refs/tags/v1", "the tag was moved"],
    ]);
    const there = { "heads/main": first, "heads/release": first, "tags/v1": first, "heads/new": evil };
    expect(await one.refs()).toEqual(there);
    // Held back in every later run, too.
    expect(await one.run()).toMatchObject({ quarantined: held.quarantined, updated: [] });

    // The mirror's own rule, as the stack declares it, is away for the push only.
    expect(await cloud.codeHost.protectBranch("mirrors/rewritten", "main")).toBe(true);
    const accepted = new Set(["refs/heads/main"]);
    const after = await one.run({ accepted });
    expect(after.accepted).toEqual([{ ref: "refs/heads/main", old: first, new: evil }]);
    expect(after.quarantined.map(({ ref }) => ref)).toEqual(["refs/heads/release", "refs/tags/v1"]);
    expect((await cloud.codeHost.repository("mirrors/rewritten"))?.protectedBranches).toEqual(["main"]);
    expect(await one.refs()).toEqual({ ...there, "heads/main": evil, "kept/heads/main": first });
    expect((await one.run({ accepted })).accepted).toEqual([]);
  });

  it("says and keeps what another hand pushed to it, and overwrites it", async () => {
    const one = await make.pair("diverged");
    const first = await one.commit("a.txt");
    await one.push("main");
    await one.run();
    const foreign = await one.commit("b.txt");
    await one.git("push", "-q", one.mirror, "main", "main:own");
    const done = await one.run();
    expect(done.diverged).toEqual([
      { ref: "refs/heads/main", old: first, new: foreign },
      { ref: "refs/heads/own", old: null, new: foreign },
    ]);
    expect(await one.refs()).toEqual({ "heads/main": first, "kept/heads/main": foreign, "kept/heads/own": foreign });
  });

  it("of an empty repository is empty, and follows its first commit", async () => {
    const one = await make.pair("empty");
    expect(await one.run()).toMatchObject({ refs: 0, heads: {}, quarantined: [] });
    await one.push(`${await one.commit("a.txt")}:refs/heads/trunk`);
    await cloud.codeHost.setDefaultBranch("castchat/empty", "trunk");
    expect(await one.run()).toMatchObject({ refs: 1, heads: { trunk: expect.any(String) } });
    expect((await cloud.git.listing(one.mirror, signal)).defaultBranch).toBe("trunk");
  });

  // The kept tips, the deletions, the rest, and what the run has seen.
  it.each([1, 3, 4, 5])("comes to the same end after an interruption before push %i", async (nth) => {
    const one = await make.pair(`cut-${nth}`);
    const first = await one.commit("a.txt");
    await one.push("main", "main:old", "main:topic");
    await one.run();
    await one.git("checkout", "-q", "--orphan", "other");
    const other = await one.commit("b.txt");
    await one.push(":old", "+other:topic");
    const cut = pushing((real, count) => async (...args) => {
      const answer = count === nth ? [] : await real.push(...args);
      if (count === Math.min(nth, 4)) throw new Error("cut");
      return answer;
    });
    await expect(one.run({ git: cut })).rejects.toThrow("cut");
    expect((await one.run()).diverged).toEqual([]);
    const wanted = { "heads/main": first, "heads/topic": other, "kept/heads/old": first, "kept/heads/topic": first };
    expect(await one.refs()).toEqual(wanted);
    expect(await one.run()).toMatchObject({ updated: [], quarantined: [] });
  });

  it("ends with a sentence when its token is revoked in the middle, and the next run finishes", async () => {
    const one = await make.pair("revoked");
    await one.push(`${await one.commit("a.txt")}:refs/heads/main`);
    const { githubToken } = cloud.credentials;
    const revoking = pushing((real) => (...args) => {
      cloud.credentials.githubToken = "another";
      return real.push(...args);
    });
    const cut = await one.run({ git: revoking }).catch((error: unknown) => error);
    cloud.credentials.githubToken = githubToken;
    expect(cut).toBeInstanceOf(RefusedTokenError);
    expect((cut as Error).message).toMatch(/the server refuses the token\. Correct GITHUB_TOKEN\./);
    expect(await one.run()).toMatchObject({ refs: 1 });
  });
});

describe("a repository of a mirror", () => {
  it("is followed to its new name, which the notes say; an archived source still is mirrored", async () => {
    const one = await make.pair("before");
    await one.push(`${await one.commit("a.txt")}:refs/heads/main`);
    const patch = (path: string, body: object) => cloud.call("github", "PATCH", `/api/v3/repos/${path}`, body);
    await patch("castchat/before", { name: "after" });
    await patch("castchat/after", { archived: true });
    const done = await one.run();
    expect(done.refs).toBe(1);
    expect(done.notes).toEqual([
      "castchat/before is now castchat/after: put the new name into the settings. GitHub gives the old name to the next repository that takes it.",
      "castchat/after is archived: GitHub takes no push to it.",
    ]);
  });

  it("that is archived takes no push, which is said with what to do", async () => {
    const one = await make.pair("frozen");
    await one.push(`${await one.commit("a.txt")}:refs/heads/main`);
    await cloud.call("github", "PATCH", "/api/v3/repos/mirrors/frozen", { archived: true });
    await expect(one.run()).rejects.toThrow(
      "mirrors/frozen, the mirror of castchat/frozen, is archived, so GitHub takes no push to it. Unarchive it in its settings, and mirror again.",
    );
  });

  it("that was deleted, or that the token does not reach, is named with the token", async () => {
    const one = await make.pair("gone");
    await cloud.call("github", "DELETE", "/api/v3/repos/castchat/gone");
    await expect(one.run()).rejects.toThrow(
      /^GitHub shows no repository castchat\/gone\. It was deleted or renamed, or GITHUB_TOKEN does not reach it: a fine-grained token reaches one owner\. Look at \S+\/castchat\/gone as a person, then correct the settings or the token\.$/,
    );
  });
});

describe("files in Git LFS", () => {
  /** Commits a pointer to a file in Git LFS, whose content the server has or has not. */
  async function withLargeFile(name: string, content: Buffer, isThere: boolean): Promise<string> {
    const oid = createHash("sha256").update(content).digest("hex");
    const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${oid}\nsize ${content.length}\n`;
    const store = join(make.bare(`castchat/${name}`), "lfs", "objects");
    await mkdir(store, { recursive: true });
    await writeFile(join(store, oid), content);
    await commitFiles(cloud, `castchat/${name}`, { "ein früher film.mp4": pointer });
    // Only in the history: the newest commit has no pointer.
    await commitFiles(cloud, `castchat/${name}`, {
      "ein früher film.mp4": "too small for LFS",
      "b.bin": "\u0000\u00ff",
    });
    if (!isThere) await rm(join(store, oid));
    return oid;
  }

  it("come before the push, from all of the history, and each once", async () => {
    const one = await make.pair("films");
    await one.push(`${await one.commit("readme.md")}:refs/heads/main`);
    const content = Buffer.alloc(200_000, "film");
    const oid = await withLargeFile("films", content, true);
    expect(await one.run()).toMatchObject({ largeFiles: 1, heads: { main: expect.any(String) } });
    expect(await readFile(join(make.bare("mirrors/films"), "lfs", "objects", oid))).toEqual(content);
    await commitFiles(cloud, "castchat/films", { "c.txt": "c" });
    expect(await one.run()).toMatchObject({ largeFiles: 0 });
  });

  it("that the source lacks are named with the command to type, and nothing is pushed", async () => {
    const one = await make.pair("lost");
    await one.push(`${await one.commit("readme.md")}:refs/heads/main`);
    const oid = await withLargeFile("lost", Buffer.from("lost"), false);
    await expect(one.run()).rejects.toThrow(
      `castchat/lost.git lacks 1 of its files in Git LFS: ein früher film.mp4 (${oid}). GitHub refuses a push with such files (GH008), so nothing was pushed. In a clone that has them run \`git lfs push --all origin\`, then mirror again.`,
    );
    expect(await one.refs()).toEqual({});
  });

  it("are named when the host refuses a push for them", async () => {
    const one = await make.pair("large");
    const oid = "a".repeat(64);
    await one.commit("video.mp4", `version https://git-lfs.github.com/spec/v1\noid sha256:${oid}\nsize 3\n`);
    await execa("git", [
      "--git-dir",
      make.bare("castchat/large"),
      "fetch",
      "-q",
      join(cloud.home, "clone-large"),
      "main:main",
    ]);
    const copyLfsObjects = () => Promise.resolve(0);
    await expect(one.run({ git: { ...cloud.git, copyLfsObjects } })).rejects.toThrow(
      /refused 1 of 1 refs: refs\/heads\/main \(.*GH008.*\)\. The mirror lacks files in Git LFS: push them to it with `git lfs push --all`\. Then run the mirror again\.$/,
    );
  });
});

describe("workflows", () => {
  const daily = "on:\n  schedule:\n    - cron: '0 3 * * *'\n";

  it("come along, and do not run where Actions are off", async () => {
    const one = await make.pair("flowing");
    await one.push(`${await one.commit(".github/workflows/daily.yml", daily)}:refs/heads/main`);
    await one.run();
    expect(await cloud.scheduledWorkflows("mirrors/flowing")).toEqual([".github/workflows/daily.yml"]);
    await cloud.call("github", "PUT", "/api/v3/repos/mirrors/flowing/actions/permissions", { enabled: false });
    expect(await cloud.scheduledWorkflows("mirrors/flowing")).toEqual([]);
  });

  it("that the token may not change are named with the right to give it", async () => {
    const one = await make.pair("flows");
    await one.push(`${await one.commit(".github/workflows/ci.yml", "on: push")}:refs/heads/main`);
    cloud.githubToken.workflows = false;
    await expect(one.run()).rejects.toThrow(
      /update workflow `\.github\/workflows\/ci\.yml` without `workflow` scope\)\. The token of the mirror may not change workflows: MIRROR_GITHUB_TOKEN, .*`workflows: write`, a classic one the scope `workflow` \(docs\/accounts\.md\)\. Then run the mirror again\.$/,
    );
    cloud.githubToken.workflows = true;
  });
});

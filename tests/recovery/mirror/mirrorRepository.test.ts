import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { describe, expect, it } from "@jest/globals";
import { execa } from "execa";

import { mirrorRepository } from "../../../recovery/mirror/mirrorRepository.ts";
import { systemClock } from "../../../services/common/clock.ts";
import { startMiniCloud } from "../../provider/recovery/miniCloud.ts";
import { commitFiles } from "../../provider/recovery/tinyApp.ts";
import { forSuite } from "../../support/suite.ts";

const signal = new AbortController().signal;
const cloud = forSuite(startMiniCloud);
/** A path in the cloud's own folder. */
const scratch = (name: string) => join(cloud.home, name);

async function makeEmpty(name: string): Promise<string> {
  await cloud.call("github", "POST", "/api/v3/orgs/mirrors/repos", { name, private: true });
  return cloud.repository(`mirrors/${name}`);
}
/** A repository on this machine, with one commit of these files. */
async function madeHere(name: string, files: Record<string, string>, under = "."): Promise<string> {
  const folder = scratch(`here-${name}`);
  const git = (...args: string[]) =>
    execa("git", ["-C", folder, "-c", "user.name=A", "-c", "user.email=a@example.com", ...args]);
  await mkdir(join(folder, under), { recursive: true });
  await git("init", "-q", "-b", "main");
  for (const [file, content] of Object.entries(files)) await writeFile(join(folder, under, file), content);
  await git("add", ".");
  await git("commit", "-q", "-m", "first");
  return folder;
}
const mirror = (source: string, target: string) =>
  mirrorRepository(cloud.git, systemClock, { source, mirror: target }, signal, () => undefined);

describe("a mirror", () => {
  it("holds branches, tags and notes of the source, follows it, and keeps what the source has lost", async () => {
    const first = await commitFiles(cloud, "castchat/code", { "a.txt": "a" });
    const source = cloud.repository("castchat/code");
    const work = scratch("work");
    await cloud.git.mirror(source, work, signal);
    const refs = ["refs/heads/old", "refs/tags/v1", "refs/notes/commits"];
    await cloud.git.push(
      work,
      source,
      refs.map((ref) => `${first}:${ref}`),
      signal,
    );
    // A pull request's ref, which GitHub makes itself and takes from no push.
    const bare = scratch("git/castchat/code.git");
    await execa("git", ["--git-dir", bare, "update-ref", "refs/pull/1/head", first]);
    expect((await cloud.git.remoteRefs(source, [], signal)).map(({ name }) => name)).toContain("refs/pull/1/head");
    const target = await makeEmpty("code");
    const done = await mirror(source, target);
    expect(done.heads).toEqual({ main: first, old: first });
    expect(done.refs.map(({ name }) => name).sort()).toEqual(["refs/heads/main", ...refs].sort());
    expect(await cloud.git.newestCommit(target, "main", signal)).toBe(first);

    const second = await commitFiles(cloud, "castchat/code", { "b.txt": "b" });
    await cloud.git.push(work, source, [":refs/heads/old"], signal);
    expect((await mirror(source, target)).heads).toEqual({ main: second });
    expect(await cloud.git.newestCommit(target, "main", signal)).toBe(second);
    expect(await cloud.git.newestCommit(target, "old", signal)).toBe(first);
    // Nothing new: the same again.
    expect((await mirror(source, target)).heads).toEqual({ main: second });
  });

  it("is refused when the source has no commit or the mirror does not exist", async () => {
    const empty = await makeEmpty("empty");
    await expect(mirror(empty, empty)).rejects.toThrow(/holds no branch or tag/);
    await commitFiles(cloud, "castchat/lonely", { "a.txt": "a" });
    const nowhere = mirror(cloud.repository("castchat/lonely"), cloud.repository("mirrors/none"));
    await expect(nowhere).rejects.toThrow(/could not push to .*mirrors\/none/);
  });

  /** Commits a pointer to a file in Git LFS, whose content the server has or has not. */
  async function withLargeFile(name: string, content: Buffer, isThere: boolean): Promise<string> {
    const oid = createHash("sha256").update(content).digest("hex");
    const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${oid}\nsize ${content.length}\n`;
    await commitFiles(cloud, `castchat/${name}`, { "readme.md": "films" });
    const store = join(scratch(`git/castchat/${name}.git`), "lfs", "objects");
    await mkdir(store, { recursive: true });
    await writeFile(join(store, oid), content);
    await commitFiles(cloud, `castchat/${name}`, { "a film.mp4": pointer });
    // Only in the history: the newest commit has no pointer.
    await commitFiles(cloud, `castchat/${name}`, { "a film.mp4": "too small for LFS", "b.bin": "\u0000\u00ff" });
    if (!isThere) await rm(join(store, oid));
    return oid;
  }

  it("gets the files in Git LFS before the push, from all of the history, and each once", async () => {
    const content = Buffer.alloc(200_000, "film");
    const oid = await withLargeFile("films", content, true);
    const target = await makeEmpty("films");
    const done = await mirror(cloud.repository("castchat/films"), target);
    expect(done).toMatchObject({ largeFiles: 1, heads: { main: expect.any(String) } });
    expect(await readFile(join(scratch("git/mirrors/films.git"), "lfs", "objects", oid))).toEqual(content);
    expect(await mirror(cloud.repository("castchat/films"), target)).toMatchObject({ largeFiles: 0 });
  });

  it("is not pushed to while the source lacks a file in Git LFS, which is named with the command to type", async () => {
    const oid = await withLargeFile("lost", Buffer.from("lost"), false);
    const target = await makeEmpty("lost");
    await expect(mirror(cloud.repository("castchat/lost"), target)).rejects.toThrow(
      `castchat/lost.git lacks 1 of its files in Git LFS: a film.mp4 (${oid}). GitHub refuses a push with such files (GH008), so nothing was pushed. In a clone that has them run \`git lfs push --all origin\`, then mirror again.`,
    );
    expect(await cloud.git.remoteRefs(target, [], signal)).toEqual([]);
  });

  it("gets the workflows of its source, which do not run where Actions are off", async () => {
    const daily = { "daily.yml": "on:\n  schedule:\n    - cron: '0 3 * * *'\n", "push.yml": "on: push\n" };
    const target = await makeEmpty("flowing");
    await mirror(await madeHere("flowing", daily, ".github/workflows"), target);
    expect(await cloud.scheduledWorkflows("mirrors/flowing")).toEqual([".github/workflows/daily.yml"]);
    await cloud.call("github", "PUT", "/api/v3/repos/mirrors/flowing/actions/permissions", { enabled: false });
    expect(await cloud.scheduledWorkflows("mirrors/flowing")).toEqual([]);
  });

  it("says what the host refused and what to do: workflows that the token may not change, and files in Git LFS", async () => {
    const pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:aa\nsize 3\n";
    const large = mirror(await madeHere("large", { "video.mp4": pointer }), await makeEmpty("large"));
    await expect(large).rejects.toThrow(
      /refused 1 of 1 refs: refs\/heads\/main \(.*GH008.*\)\. The mirror lacks files in Git LFS: push them to it with `git lfs push --all`\. Then run the mirror again\.$/,
    );
    cloud.githubToken.workflows = false;
    const flows = mirror(
      await madeHere("flows", { "ci.yml": "on: push" }, ".github/workflows"),
      await makeEmpty("flows"),
    );
    await expect(flows).rejects.toThrow(
      /update workflow `\.github\/workflows\/ci\.yml` without `workflow` scope\)\. The token of the mirror may not change workflows: MIRROR_GITHUB_TOKEN, .*`workflows: write`, a classic one the scope `workflow` \(docs\/accounts\.md\)\. Then run the mirror again\.$/,
    );
  });
});

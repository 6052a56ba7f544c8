import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";

import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

import { bundleRepository, mirrorRepository } from "../../../recovery/mirror/mirrorRepository.ts";
import { systemClock } from "../../../services/common/clock.ts";
import { type MiniCloud, startMiniCloud } from "../../provider/recovery/miniCloud.ts";
import { commitFiles } from "../../provider/recovery/tinyApp.ts";

const signal = new AbortController().signal;
let cloud: MiniCloud;
let scratch: string;
beforeAll(async () => {
  cloud = await startMiniCloud();
  scratch = await mkdtemp(join(tmpdir(), "castchat-mirror-test-"));
});
afterAll(async () => {
  await cloud.stop();
  await rm(scratch, { recursive: true, force: true });
});

async function makeEmpty(name: string): Promise<string> {
  await cloud.call("github", "POST", "/api/v3/orgs/mirrors/repos", { name, private: true });
  return cloud.repository(`mirrors/${name}`);
}
const mirror = (source: string, target: string) =>
  mirrorRepository(cloud.git, systemClock, { source, mirror: target }, signal, () => undefined);

describe("a mirror", () => {
  it("holds branches, tags and notes of the source, follows it, and keeps what the source has lost", async () => {
    const first = await commitFiles(cloud, "castchat/code", { "a.txt": "a" });
    const source = cloud.repository("castchat/code");
    const work = join(scratch, "work");
    await cloud.git.mirror(source, work, signal);
    // A pull request's ref, as GitHub keeps them: the mirror must get by without it.
    await cloud.git.push(
      work,
      source,
      [`${first}:refs/heads/old`, `${first}:refs/tags/v1`, `${first}:refs/notes/commits`],
      signal,
    );
    const target = await makeEmpty("code");
    const done = await mirror(source, target);
    expect(done.heads).toEqual({ main: first, old: first });
    expect(done.refs.map(({ name }) => name).sort()).toEqual([
      "refs/heads/main",
      "refs/heads/old",
      "refs/notes/commits",
      "refs/tags/v1",
    ]);
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
    await expect(mirror(cloud.repository("castchat/lonely"), cloud.repository("mirrors/none"))).rejects.toThrow(
      /could not push to .*mirrors\/none/,
    );
  });
});

describe("a bundle", () => {
  it("is one checked file that git can clone from with nothing else", async () => {
    const commit = await commitFiles(cloud, "castchat/bundled", { "a.txt": "a" });
    const file = join(scratch, "copy.bundle");
    const bundle = await bundleRepository(cloud.git, cloud.repository("castchat/bundled"), signal, async (made) => {
      await pipeline(made.open(), createWriteStream(file));
      const hash = createHash("sha256");
      await pipeline(made.open(), hash);
      expect(hash.digest("hex")).toBe(made.sha256);
      return made;
    });
    expect(bundle.sizeBytes).toBeGreaterThan(100);
    expect(await cloud.git.checkout(file, "main", join(scratch, "from-bundle"), signal)).toBe(commit);
  });
});

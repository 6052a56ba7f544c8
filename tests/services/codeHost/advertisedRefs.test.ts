import { beforeAll, describe, expect, it } from "@jest/globals";

import { refsReader } from "../../../services/codeHost/advertisedRefs.ts";
import { GitError, RefusedTokenError } from "../../../services/codeHost/git.ts";
import { startMiniCloud } from "../../provider/recovery/miniCloud.ts";
import { mirroredIn } from "../../recovery/mirror/mirrored.ts";
import { forSuite } from "../../support/suite.ts";
import { serve } from "../support/testServer.ts";

const signal = new AbortController().signal;
const cloud = forSuite(startMiniCloud);
let make: ReturnType<typeof mirroredIn>;
beforeAll(() => {
  make = mirroredIn(cloud);
});

const line = (text: string) => `${(text.length + 4).toString(16).padStart(4, "0")}${text}`;
const ANNOUNCED = `${line("# service=git-upload-pack\n")}0000`;
const OBJECT = "a".repeat(40);

describe("the refs of a repository without the program git", () => {
  it("are those that git lists, without peeled tags and HEAD; an empty repository has none", async () => {
    const pair = await make.pair("advertised");
    const read = refsReader([cloud.codeHost.gitCredential()]);
    expect(await read(pair.source, signal)).toEqual([]);
    await pair.commit("ä.txt");
    await pair.git("tag", "-a", "v1", "-m", "v1");
    await pair.git("tag", "größe");
    await pair.push("main", "main:feature/größe", "v1", "größe");
    const found = await read(pair.source, signal);
    expect(found).toEqual(await cloud.git.remoteRefs(pair.source, ["refs/*"], signal));
    expect(found).toHaveLength(4);
  });

  it.each([
    ["a list that was cut off", ANNOUNCED + line(`${OBJECT} refs/heads/main\0caps\n`)],
    ["a line that was cut off", `${ANNOUNCED}00ff${OBJECT} refs/heads/main`],
    ["a page", "<html>Sign in</html>"],
    ["another service", `${line("# service=git-receive-pack\n")}00000000`],
  ])("are not read out of %s", async (_, body) => {
    const { url } = await serve({ body });
    const read = refsReader([])(`${url}/o/r.git`, signal);
    await expect(read).rejects.toThrow(GitError);
  });

  it("name the token that a server refuses, never its value, and send it to its own server only", async () => {
    const server = await serve({ status: 401 });
    const credential = { origin: server.url, username: "x", token: "s3cret-value", tokenName: "GITHUB_TOKEN" };
    const refused = refsReader([credential])(`${server.url}/o/r.git`, signal);
    await expect(refused).rejects.toThrow(RefusedTokenError);
    await expect(refused).rejects.toThrow("GITHUB_TOKEN has expired");
    await expect(refused).rejects.not.toThrow("s3cret-value");
    await expect(
      refsReader([{ ...credential, origin: "https://github.com" }])(`${server.url}/o/r.git`, signal),
    ).rejects.toThrow("no token is at hand");
    expect(server.seen.map(({ headers }) => headers.authorization === undefined)).toEqual([false, true]);
  });
});

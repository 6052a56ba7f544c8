import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { execa } from "execa";

import { bundle } from "../../runner/bundle.ts";
import { NO_TOKEN } from "../../settings/runnerSettings.ts";
import { startMiniCloud } from "../provider/recovery/miniCloud.ts";
import { mirroredIn } from "../recovery/mirror/mirrored.ts";
import { makeTestFolder } from "../support/folder.ts";
import { forSuite } from "../support/suite.ts";

const hosts = forSuite(startMiniCloud);
const NAMES = ["built", "other"];

describe("a mirror build, as its bundle", () => {
  let folder: Awaited<ReturnType<typeof makeTestFolder>>;
  let pairs: Awaited<ReturnType<ReturnType<typeof mirroredIn>["pair"]>>[];
  let run: (more: Record<string, string>) => Promise<{ code: number | undefined; log: string }>;

  beforeAll(async () => {
    folder = await makeTestFolder();
    const cloud = mirroredIn(hosts);
    pairs = [];
    for (const name of NAMES) {
      const pair = await cloud.pair(name);
      await pair.commit("a.txt");
      await pair.push("main");
      pairs.push(pair);
    }
    const { path } = bundle("mirrorRun", folder.path);
    const settings = {
      stack: "dr",
      region: "ap-northeast-3",
      apps: [{ repository: "castchat/built", branch: "main", mirror: "mirrors/built" }],
      repositories: [{ repository: "castchat/other", mirror: "mirrors/other" }],
      endpointGithub: new URL(pairs[0]!.source).origin,
    };
    run = async (more) => {
      const {
        exitCode: code,
        stdout,
        stderr,
      } = await execa("node", [path], {
        env: {
          PATH: process.env["PATH"],
          HOME: folder.path,
          GITHUB_TOKEN: hosts.credentials.githubToken,
          GITLAB_TOKEN: NO_TOKEN,
          MIRROR_RUN_SETTINGS: JSON.stringify(settings),
          ...more,
        },
        extendEnv: false,
        reject: false,
      });
      return { code, log: stdout + stderr };
    };
  }, 60_000);
  afterAll(() => folder.remove());

  it("mirrors only the repositories of its job", async () => {
    const task = { wanted: "1", had: "-", since: "2026-01-01T00:00:00Z", attempts: 1 };
    const { code, log } = await run({ MIRROR_JOB: JSON.stringify({ "CastChat/Other": task, "castchat/gone": task }) });
    expect({ code, log }).toMatchObject({ code: 0 });
    expect(log).toContain("1 refs of castchat/other are in its mirror mirrors/other");
    expect(log).not.toContain(hosts.credentials.githubToken);
    expect(await pairs[0]!.refs()).toEqual({});
    expect(Object.keys(await pairs[1]!.refs())).toEqual(["heads/main"]);
  });

  it("mirrors all without a job, and fails where the history of a deployed branch was rewritten", async () => {
    expect(await run({})).toMatchObject({ code: 0 });
    const before = await pairs[0]!.refs();
    expect(Object.keys(before)).toEqual(["heads/main"]);
    await pairs[0]!.git("commit", "-q", "--amend", "-m", "rewritten");
    await pairs[0]!.push("+main");
    const { code, log } = await run({});
    expect({ code, log }).toMatchObject({ code: 1 });
    expect(log).toContain("castchat-recovery mirror accept castchat/built -s dr");
    expect(log).toContain("Failed: 1 of 2 mirrors are not current: 0 failed, 1 hold back refs");
    expect(await pairs[0]!.refs()).toEqual(before);
  });

  it("says what is missing in its set-up", async () => {
    const without = await run({ GITHUB_TOKEN: NO_TOKEN });
    expect(without).toMatchObject({ code: 2, log: expect.stringContaining("GITHUB_TOKEN is not set") as unknown });
    const broken = await run({ MIRROR_RUN_SETTINGS: "{" });
    expect(broken).toMatchObject({ code: 2, log: expect.stringContaining("MIRROR_RUN_SETTINGS cannot be") as unknown });
    const other = await run({ MIRROR_RUN_SETTINGS: '{"stack":"dr"}' });
    expect(other).toMatchObject({
      code: 2,
      log: expect.stringContaining("is not as `pulumi up` sets it: region") as unknown,
    });
  });
});

import { beforeAll, describe, expect, it } from "@jest/globals";

import { pollMirrors, type PollParts } from "../../../recovery/mirror/pollMirrors.ts";
import { refsReader } from "../../../services/codeHost/advertisedRefs.ts";
import { systemClock } from "../../../services/common/clock.ts";
import type { MirrorBuild, MirrorJob } from "../../../services/scheduler/mirrorBuilds.ts";
import { startMiniCloud } from "../../provider/recovery/miniCloud.ts";
import { forSuite } from "../../support/suite.ts";
import { mirroredIn } from "./mirrored.ts";

const signal = new AbortController().signal;
const cloud = forSuite(startMiniCloud);
let make: ReturnType<typeof mirroredIn>;
beforeAll(() => {
  make = mirroredIn(cloud);
});

/** Builds that a test ends by hand. */
function recordedBuilds(first: MirrorBuild) {
  const builds = [first];
  const jobs: MirrorJob[] = [];
  return {
    jobs,
    newest: () => Promise.resolve(builds),
    start: (job: MirrorJob) => {
      jobs.push(job);
      builds.unshift({ startedAt: systemClock(), job });
      return Promise.resolve(true);
    },
    end: () =>
      builds.unshift({ ...builds.shift(), startedAt: systemClock(), endedAt: systemClock(), job: jobs.at(-1) }),
  };
}

describe("a poll of real repositories", () => {
  it("starts one build for a push, none while it runs, and finds the mirror current after it", async () => {
    const pair = await make.pair("polled");
    await pair.commit("a.txt");
    await pair.push("main");
    await pair.run();
    const builds = recordedBuilds({ startedAt: systemClock(), endedAt: systemClock(), job: undefined });
    const lines: string[] = [];
    const parts: PollParts = {
      stack: "dr",
      repositories: [{ repository: "castchat/polled", source: pair.source, mirrors: [pair.mirror] }],
      intervalMs: 300_000,
      refsOf: refsReader([cloud.codeHost.gitCredential()]),
      builds,
      clock: systemClock,
      log: (line) => lines.push(line),
    };
    const lag = async () => {
      await pollMirrors(parts, signal);
      const metric = lines.splice(0).find((line) => line.includes("MirrorLagSeconds")) ?? "";
      return (JSON.parse(metric) as { MirrorLagSeconds: number; Repository: string }).MirrorLagSeconds;
    };
    expect([await lag(), builds.jobs.length]).toEqual([0, 0]);

    await pair.commit("b.txt");
    await pair.push("main", "main:topic");
    const behind = await lag();
    expect(behind).toBeLessThanOrEqual(300);
    expect(builds.jobs.map((job) => Object.keys(job))).toEqual([["castchat/polled"]]);
    await lag();
    expect(builds.jobs).toHaveLength(1);

    await pair.run();
    builds.end();
    expect([await lag(), builds.jobs.length]).toEqual([0, 1]);
  });

  it("polls the others when one cannot be read, and fails with the token's name and a metric", async () => {
    const pair = await make.pair("readable");
    await pair.commit("a.txt");
    await pair.push("main");
    const builds = recordedBuilds({ startedAt: new Date(0), endedAt: new Date(0), job: undefined });
    const lines: string[] = [];
    const source = cloud.repository("castchat/missing");
    const polled = pollMirrors(
      {
        stack: "dr",
        repositories: [
          { repository: "castchat/missing", source, mirrors: [pair.mirror] },
          { repository: "castchat/readable", source: pair.source, mirrors: [pair.mirror] },
        ],
        intervalMs: 300_000,
        refsOf: refsReader([cloud.codeHost.gitCredential()]),
        builds,
        clock: systemClock,
        log: (line) => lines.push(line),
      },
      signal,
    );
    await expect(polled).rejects.toThrow(
      `castchat/missing: ${source} cannot be read (404): GITHUB_TOKEN has expired, was revoked, or lacks the right to read its contents`,
    );
    expect(Object.keys(builds.jobs[0] ?? {})).toEqual(["castchat/readable"]);
    expect(lines.map((line) => (line.startsWith("{") ? JSON.parse(line) : line) as unknown)).toContainEqual(
      expect.objectContaining({ MirrorUnreadable: 1, Repository: "castchat/missing", Stack: "dr" }),
    );
    expect(lines.join()).not.toContain(cloud.credentials.githubToken);
  });
});

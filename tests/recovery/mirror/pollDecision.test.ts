import { describe, expect, it } from "@jest/globals";

import { decidePoll } from "../../../recovery/mirror/pollDecision.ts";
import type { MirrorBuild, MirrorTask } from "../../../services/scheduler/mirrorBuilds.ts";

const MINUTE_MS = 60_000;
const INTERVAL_MS = 5 * MINUTE_MS;
const NOW = new Date("2026-03-01T12:00:00Z");
const ago = (minutes: number) => new Date(NOW.getTime() - minutes * MINUTE_MS);
const task = (minutes: number, attempts = 1, had = "old"): MirrorTask => ({
  wanted: "new",
  had,
  since: ago(minutes).toISOString(),
  attempts,
});
/** A build that began and ended so many minutes ago. */
const build = (began: number, ended: number | undefined, job: MirrorBuild["job"]): MirrorBuild => ({
  startedAt: ago(began),
  endedAt: ended === undefined ? undefined : ago(ended),
  job,
});
const decide = (seen: (string | undefined)[], builds: MirrorBuild[], listed = "new") => {
  const { job, lagSeconds } = decidePoll([{ repository: "o/r", listed, seen }], builds, NOW, INTERVAL_MS);
  return { attempts: job?.["o/r"]?.attempts, lag: (lagSeconds.get("o/r") ?? Number.NaN) / 60 };
};

describe("a poll of the mirrors", () => {
  const everything = build(60, 58, undefined);
  it.each<[string, (string | undefined)[], MirrorBuild[], number | undefined, number]>([
    ["nothing, while the mirror has seen what the source shows", ["new"], [everything], undefined, 0],
    ["a build for a mirror that is behind", ["old"], [everything], 1, 5],
    ["a build for a repository with one of two mirrors behind", ["new", "old"], [everything], 1, 5],
    ["a build for a mirror without any run", [undefined], [], 1, 5],
    ["nothing while a build runs", ["old"], [build(3, undefined, { "o/r": task(8) })], undefined, 8],
    [
      "nothing while another repository's build runs",
      ["old"],
      [build(3, undefined, { a: task(8) }), everything],
      undefined,
      5,
    ],
    ["a build a day after the last one", ["new"], [build(1441, 1438, undefined)], 1, 0],
    ["a build for what no build was asked for yet", ["new"], [build(9, 8, { a: task(9) })], 1, 0],
    ["a second build right after the first has failed", ["old"], [build(4, 1, { "o/r": task(10) })], 2, 10],
    ["no third one right after the second has failed", ["old"], [build(4, 1, { "o/r": task(20, 2) })], undefined, 20],
    ["a third one an interval later", ["old"], [build(9, 6, { "o/r": task(25, 2) })], 3, 25],
    ["a build an hour after many have failed", ["old"], [build(61, 56, { "o/r": task(900, 12) })], 13, 900],
  ])("starts %s", (_, seen, builds, attempts, lag) => {
    expect(decide(seen, builds)).toEqual({ attempts, lag });
  });

  it("asks at once for another listing, however often the last one has failed", () => {
    expect(decide(["old"], [build(4, 1, { "o/r": task(20, 9) })], "newer").attempts).toBe(1);
  });

  it("counts the lag from the build that the mirror has moved by, and not from an earlier task", () => {
    // The source moved while the last build ran, or after.
    expect(decide(["mid"], [build(7, 4, { "o/r": task(90) })], "newer")).toEqual({ attempts: 1, lag: 7 });
    // A poll after that build has found nothing to do.
    expect(decide(["mid"], [build(600, 590, { "o/r": task(900) })], "newer")).toEqual({ attempts: 1, lag: 5 });
  });

  it("takes every due repository into one build, and no other", () => {
    const polled = ["a", "b", "c"].map((repository) => ({
      repository,
      listed: "new",
      seen: [repository === "b" ? "new" : "old"],
    }));
    expect(Object.keys(decidePoll(polled, [everything], NOW, INTERVAL_MS).job ?? {})).toEqual(["a", "c"]);
  });
});

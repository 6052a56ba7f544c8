import { describe, expect, it } from "@jest/globals";

import { judge } from "../../../recovery/rollback/judge.ts";
import type { Sample } from "../../../recovery/rollback/probes.ts";

/** `good` and `bad` answers and `silent` questions of one probe. */
function of(probe: string, { good = 0, bad = 0, silent = 0, ms = 100 }): Sample[] {
  const one = (outcome: Sample["outcome"], reason?: string) => ({ probe, outcome, latencyMs: ms, reason });
  return [
    ...Array.from({ length: good }, () => one("good")),
    ...Array.from({ length: bad }, () => one("bad", "status 500")),
    ...Array.from({ length: silent }, () => one("no answer", "it cannot be reached")),
  ];
}
const [HEALTH, LOGIN] = ["GET /api/health", "login of a@example.com"];
const healthy = of(HEALTH, { good: 30 });

describe("a verdict", () => {
  it.each([
    ["every answer is good", healthy, [], "healthy", []],
    ["one bad answer of thirty is chance", of(HEALTH, { good: 29, bad: 1 }), [], "healthy", []],
    [
      "two are too many to be chance, and too few to be sure",
      of(HEALTH, { good: 28, bad: 2 }),
      [],
      "inconclusive",
      ["GET /api/health: 2 of 30 answers are bad (status 500)."],
    ],
    [
      "three are a fault",
      of(HEALTH, { good: 27, bad: 3 }),
      [],
      "unhealthy",
      ["GET /api/health: 3 of 30 answers are bad (status 500)."],
    ],
    [
      "a fault of one path is one of the app",
      [...healthy, ...of("GET /", { good: 15, bad: 15 })],
      [],
      "unhealthy",
      ["GET /: 15 of 30 answers are bad (status 500)."],
    ],
    [
      "a fault as frequent as before is none the less one",
      of(HEALTH, { good: 20, bad: 10 }),
      of(HEALTH, { good: 4, bad: 2 }),
      "unhealthy",
      ["GET /api/health: 10 of 30 answers are bad (status 500)."],
    ],
    [
      "a fault half as frequent as before is better",
      of(HEALTH, { good: 25, bad: 5 }),
      of(HEALTH, { good: 2, bad: 4 }),
      "inconclusive",
      ["GET /api/health: 5 of 30 answers are bad (status 500); before, 67 % were."],
    ],
    [
      "one failed login of three says too little",
      [...healthy, ...of(LOGIN, { good: 2, bad: 1 })],
      [],
      "inconclusive",
      ["login of a@example.com: 1 of 3 answers are bad (status 500)."],
    ],
    [
      "two say that users have no access",
      [...healthy, ...of(LOGIN, { good: 1, bad: 2 })],
      [],
      "unhealthy",
      ["login of a@example.com: 2 of 3 answers are bad (status 500)."],
    ],
    [
      "the only login has failed",
      [...healthy, ...of(LOGIN, { bad: 1 })],
      [],
      "unhealthy",
      ["login of a@example.com: 1 of 1 answers are bad (status 500)."],
    ],
    [
      "nothing answers",
      of(HEALTH, { silent: 30 }),
      [],
      "inconclusive",
      ["Only 0 of 30 questions were answered: it cannot be reached."],
    ],
    [
      "most is silence",
      of(HEALTH, { good: 14, silent: 16 }),
      [],
      "inconclusive",
      ["Only 14 of 30 questions were answered: it cannot be reached."],
    ],
    ["some is silence", of(HEALTH, { good: 20, silent: 10 }), [], "healthy", []],
    ["there are few answers", of(HEALTH, { good: 9 }), [], "inconclusive", ["Only 9 of 9 questions were answered."]],
    [
      "a fault shows in few answers, too",
      of(HEALTH, { bad: 6 }),
      [],
      "unhealthy",
      ["GET /api/health: 6 of 6 answers are bad (status 500).", "Only 6 of 6 questions were answered."],
    ],
    ["nothing was asked", [], [], "inconclusive", ["Only 0 of 0 questions were answered."]],
    [
      "it is much slower than before",
      of(HEALTH, { good: 30, ms: 900 }),
      of(HEALTH, { good: 6, ms: 300 }),
      "inconclusive",
      ["GET /api/health: a good answer takes 900 ms; before, it took 300 ms."],
    ],
    [
      "it is slower, but not by half a second",
      of(HEALTH, { good: 30, ms: 700 }),
      of(HEALTH, { good: 6, ms: 300 }),
      "healthy",
      [],
    ],
    [
      "it is slower, but not twice as slow",
      of(HEALTH, { good: 30, ms: 3000 }),
      of(HEALTH, { good: 6, ms: 2000 }),
      "healthy",
      [],
    ],
    [
      "there is nothing to compare with",
      of(HEALTH, { good: 30, ms: 9000 }),
      of(HEALTH, { good: 4, bad: 2, ms: 1 }),
      "healthy",
      [],
    ],
  ] as const)("if %s", (_, after, before, verdict, reasons) => {
    expect(judge(after, before)).toEqual({ verdict, reasons });
  });
});

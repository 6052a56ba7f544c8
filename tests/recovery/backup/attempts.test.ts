import { describe, it } from "@jest/globals";

import { inAttempts } from "../../../recovery/backup/attempts.ts";
import { Contention } from "../../../recovery/backup/lockConflict.ts";
import type { RunSession } from "../../../recovery/backup/runSession.ts";
import { UserError } from "../../../services/common/errors.ts";
import { silent } from "../../../services/common/reporter.ts";
import { expectRefusal } from "../../support/refusal.ts";
import { brisk } from "../../support/timing.ts";

const BEGUN = new Date("2026-07-01T02:00:00Z");
const LATER = new Date("2026-07-01T02:03:00Z");
const EARLIER = new Date("2026-06-01T00:00:00Z");

/** A run whose sessions the server ends in each attempt. `ready` fails from the third attempt on if the server is gone by then. */
async function ended(server: { startedAt?: Date; stoppedAt?: Date; isGone?: boolean }): Promise<never> {
  const { startedAt = EARLIER, stoppedAt, isGone = false } = server;
  const layer = {
    holder: "writes stop",
    level: "writes",
    closedAt: stoppedAt,
    sessionsEnded: true,
    opening: false,
    changes: [],
  };
  const answers: [RegExp, object[]][] = [
    [/clock_timestamp/, [{ at: BEGUN }]],
    [/pg_postmaster_start_time/, [{ startedAt }]],
    [/from castchat_recovery\.gate/, stoppedAt === undefined ? [] : [layer]],
    [/pg_class/, [{ what: "castchat_recovery.gate", owner: "postgres", trusted: true }]],
  ];
  const session = { query: (sql: string) => Promise.resolve(answers.find(([words]) => words.test(sql))?.[1] ?? []) };
  let asked = 0;
  const run = {
    ready: () => {
      asked += 1;
      return isGone && asked > 3 ? Promise.reject(new UserError("It is starting.")) : Promise.resolve(session);
    },
    isAlive: () => Promise.resolve(true),
  } as unknown as RunSession;
  const { signal } = new AbortController();
  return await inAttempts({ run, contention: new Contention(), timing: brisk, reporter: silent, signal }, () =>
    Promise.reject(Object.assign(new Error("terminating connection due to administrator command"), { code: "57P01" })),
  );
}

describe("a run whose sessions the server ends again and again", () => {
  it.each([
    ["a restart", { startedAt: LATER }, "The server was restarted at 2026-07-01T02:03:00.000Z"],
    [
      "stopped writes",
      { stoppedAt: LATER },
      "Writes were stopped at 2026-07-01T02:03:00.000Z (writes stop), which ends other sessions",
    ],
    ["nothing of the reason", { stoppedAt: EARLIER }, "An administrator can do that (pg_terminate_backend), so can"],
    ["that it is gone", { isGone: true }, "It does not answer now (It is starting)"],
  ])("says so where the server shows %s", async (_what, server, sentence) => {
    const begin =
      "The server ended sessions of the backup in 3 attempts (terminating connection due to administrator command). ";
    await expectRefusal(ended(server), UserError, begin + sentence);
  });
});

import { describe, expect, it } from "@jest/globals";

import { isEnded, wordsOfEnd } from "../../../../recovery/postgres/session/endedSession.ts";

/** An error of the server, as node-postgres throws it. */
const ofServer = (message: string, code: string) => Object.assign(new Error(message), { code });

describe("the end of a session", () => {
  it.each<[what: string, error: Error, words: string | undefined]>([
    [
      "a command",
      ofServer("terminating connection due to administrator command", "57P01"),
      "terminating connection due to administrator command",
    ],
    ["a crash of the server", ofServer("terminating connection due to unexpected postmaster exit", "57P01"), undefined],
    [
      "a command, as pg_dump reports it",
      new Error("pg_dump failed: error: query failed: FATAL: terminating connection due to administrator command"),
      "terminating connection due to administrator command",
    ],
    ["a lost server, as pg_dump reports it", new Error("pg_dump failed: server closed the connection"), undefined],
  ])("by %s is one, with the server's words only if they name a command", (_what, error, words) => {
    expect(isEnded(error)).toBe(true);
    expect(wordsOfEnd(error)).toBe(words);
  });
});

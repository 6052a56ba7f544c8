import { describe, expect, it } from "@jest/globals";

import { platformBackupWarning } from "../../planning/platformBackups.ts";

const NO_BACKUP = /^Supabase has no backup of its own of this project/;

const at = (time: string | undefined) => (time === undefined ? undefined : new Date(`2026-07-${time}:00Z`));

describe("platformBackupWarning", () => {
  type Time = string | undefined;
  it.each<[what: string, newest: Time, latest: Time, created: string, now: string, warning: RegExp | undefined]>([
    ["a backup of this night", "10T02:00", undefined, "01T00:00", "10T20:00", undefined],
    ["25 h are still fine", "10T02:00", undefined, "01T00:00", "11T03:00", undefined],
    ["a minute more is not", "10T02:00", undefined, "01T00:00", "11T03:01", /backup is 25 h old \(more than 25 h\)/],
    ["point-in-time recovery that lags", undefined, "10T02:00", "01T00:00", "12T02:00", /is 48 h old/],
    ["a fresh window beside an old daily one", "01T02:00", "10T19:58", "01T00:00", "10T20:00", undefined],
    ["a fresh daily one beside an old window", "10T02:00", "01T02:00", "01T00:00", "10T20:00", undefined],
    ["a project of today without one", undefined, undefined, "10T00:00", "10T20:00", undefined],
    ["an old project without one", undefined, undefined, "01T00:00", "10T20:00", NO_BACKUP],
  ])("%s", (_what, newest, latest, created, now, warning) => {
    const said = platformBackupWarning({
      newestAt: at(newest),
      latestInstant: at(latest),
      projectCreatedAt: at(created)!,
      now: at(now)!,
    });
    if (warning === undefined) expect(said).toBeUndefined();
    else expect(said).toMatch(warning);
  });
});

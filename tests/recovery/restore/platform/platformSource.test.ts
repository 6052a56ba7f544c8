import { describe, expect, it } from "@jest/globals";

import type { PlatformHoldings } from "../../../../recovery/restore/platform/platformBackups.ts";
import { choosePlatformSource } from "../../../../recovery/restore/platform/platformSource.ts";
import { COMPLETED } from "../../../../services/databaseHost/databaseHost.ts";

const at = (time: string) => new Date(`2026-11-23T${time}Z`);
const backup = (id: number, time: string, status = COMPLETED) => ({ id, takenAt: at(time), status });
const holdings = (more: Partial<PlatformHoldings>): PlatformHoldings => ({
  ref: "abcdefghijklmnopqrst",
  window: undefined,
  warning: undefined,
  backups: [backup(7, "10:00:00.274"), backup(8, "12:00:00.000", "FAILED"), backup(5, "02:00:00.000")],
  ...more,
});
const WINDOW = { earliest: at("01:00:00.000"), latest: at("11:00:00.000") };
const PLAN = { window: WINDOW };
const instant = (time: string) => ({ at: at(time) });

describe("choosePlatformSource", () => {
  it.each([
    ["a daily one by its id", {}, { backupId: 5 }, { kind: "daily", id: 5, at: at("02:00:00.000") }],
    ["an instant, to Supabase's second", PLAN, instant("10:59:59.999"), { kind: "instant", at: at("10:59:59.000") }],
    ["the window's own begin", PLAN, { at: WINDOW.earliest }, { kind: "instant", at: WINDOW.earliest }],
  ])("takes %s", (_, more, choice, expected) => {
    expect(choosePlatformSource(holdings(more), choice)).toEqual(expected);
  });

  it.each([
    ["an unknown id", {}, { backupId: 6 }, /has no backup 6 of abcdefghijklmnopqrst: it has 7 of .*274Z, 5 of/],
    ["one that has failed", {}, { backupId: 8 }, /backup 8 of .* is FAILED, not COMPLETED/],
    ["an id where there is none", { backups: [] }, { backupId: 1 }, /: it has none\.$/],
    [
      "an instant without the plan, within the second of a backup",
      {},
      instant("10:00:00.500"),
      /10:00:00\.500Z: --backup-id 7 is the newest before/,
    ],
    [
      "an instant without the plan, just before that backup",
      {},
      instant("10:00:00.273"),
      /--backup-id 5 is the newest before/,
    ],
    ["an instant before all", {}, instant("01:00:00.000"), /: it has 7 of/],
    ["an instant outside of the window", PLAN, instant("11:00:01.000"), /to any second from .*01:00.* to .*11:00/],
  ])("refuses %s", (_, more, choice, message) => {
    expect(() => choosePlatformSource(holdings(more), choice)).toThrow(message);
  });
});

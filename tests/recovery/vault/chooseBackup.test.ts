import { describe, expect, it } from "@jest/globals";

import { ageFault } from "../../../recovery/vault/backupAge.ts";
import {
  type BackupChoice,
  chooseBackup,
  type ChosenBackup,
  passedOverBefore,
} from "../../../recovery/vault/chooseBackup.ts";
import { type BackupSummary, NEVER_FINISHED } from "../../../recovery/vault/listBackups.ts";
import type { Manifest } from "../../../recovery/vault/manifest.ts";
import { UserError } from "../../../services/common/errors.ts";

/** A summary with as much of a manifest as the choice looks at. */
function summary(backupId: string, snapshotAt: string, fault?: string): BackupSummary {
  return {
    backupId,
    tier: "daily",
    prefix: "daily/",
    startedAt: new Date(snapshotAt),
    sizeBytes: 1,
    manifest: { backupId, snapshotAt, kind: "full" } as Manifest,
    proven: fault === undefined,
    problems: fault === undefined ? [] : [fault],
  };
}

const old = summary("20260701T020000Z-000001", "2026-07-01T02:00:05.000Z");
const middle = summary("20260701T080000Z-000002", "2026-07-01T08:00:05.000Z");
const newest = summary("20260701T140000Z-000003", "2026-07-01T14:00:05.000Z");
const unproven = summary("20260701T200000Z-000004", "2026-07-01T20:00:05.000Z", "it was not read back yet");
const all = [middle, unproven, old, newest];

const taken = (...given: Parameters<typeof chooseBackup>) => chooseBackup(...given).chosen;

describe("the age of the newest proven backup", () => {
  const HOUR = 3_600_000;
  const fault = (backups: BackupSummary[], hours: number, now = "2026-07-02T15:00:05Z") =>
    ageFault(backups, { maxAgeMs: hours * HOUR, now: new Date(now), stack: "prod" });

  it("is that of its snapshot, and a fault beyond the limit", () => {
    expect(fault(all, 25)).toBeUndefined();
    expect(fault(all, 24)).toBe(
      "The newest proven full backup, 20260701T140000Z-000003, is 25 h 0 min old, more than 24 h 0 min. `castchat-recovery schedule -s prod` says how the last runs ended; `castchat-recovery backup -s prod` takes one now.",
    );
  });

  it("is not that of an unproven backup, one of another kind, one before a replacement, or one of the future", () => {
    const late = "2026-07-03T00:00:00Z";
    const other = (more: Partial<Manifest>) => ({
      ...summary("20260702T230000Z-000009", late),
      manifest: { ...newest.manifest!, snapshotAt: late, ...more },
    });
    const unread = summary("20260702T230000Z-00000a", "2026-07-02T23:00:00Z", "it was not read back yet");
    const ahead = summary("20260704T000000Z-00000b", "2026-07-04T00:00:00Z");
    const backups = [ahead, other({ kind: "critical" }), other({ purpose: "safety" }), unread, newest];
    expect(fault(backups, 25, late)).toMatch(/000003, is 33 h 59 min old/);
    expect(fault([unread], 25)).toMatch(
      /^The vault of stack prod has no proven full backup, and one of at most 25 h 0 min/,
    );
  });
});

describe("chooseBackup", () => {
  it("takes the newest proven one", () => {
    expect(taken(all, {})).toBe(newest);
  });

  it("takes the newest proven one at or before an instant, by its snapshot", () => {
    expect(taken(all, { at: new Date("2026-07-01T08:00:05Z") })).toBe(middle);
    expect(taken(all, { at: new Date("2026-07-01T08:00:04Z") })).toBe(old);
    expect(taken(all, { at: new Date("2030-01-01T00:00:00Z") })).toBe(newest);
  });

  it("takes one that is dated in the future only by its id", () => {
    const now = new Date("2026-07-01T09:00:00Z");
    expect(taken(all, { now })).toBe(middle);
    expect(taken(all, { now, at: new Date("2030-01-01T00:00:00Z") })).toBe(middle);
    expect(taken(all, { now, backupId: newest.backupId })).toBe(newest);
    const ahead = "The only proven backups of this vault are dated in the future (20260701T140000Z-000003)";
    expect(() => chooseBackup([newest], { now })).toThrow(ahead);
    // Two machines' clocks may be some minutes apart.
    expect(taken(all, { now: new Date("2026-07-01T13:50:10Z") })).toBe(newest);
  });

  it("takes what was saved before a replacement only by its id", () => {
    const damage: BackupSummary = { ...newest, manifest: { ...newest.manifest!, purpose: "safety" } };
    expect(taken([damage, middle], {})).toBe(middle);
    expect(taken([damage, middle], { at: new Date("2030-01-01T00:00:00Z") })).toBe(middle);
    expect(taken([damage, middle], { backupId: damage.backupId })).toBe(damage);
    const none =
      "This vault has no proven full backup (it holds 1 others; the newest is 20260701T140000Z-000003: saved before a replacement)";
    expect(() => chooseBackup([damage], {})).toThrow(none);
  });

  it("takes one by its id", () => {
    expect(taken(all, { backupId: old.backupId })).toBe(old);
  });

  it.each([
    [
      "an instant before all",
      { at: new Date("2026-07-01T00:00:00Z") },
      /at or before 2026-07-01T00:00:00\.000Z\. The oldest is of 2026-07-01T02:00:05\.000Z \(20260701T020000Z-000001\)/,
    ],
    [
      "an unknown id",
      { backupId: "x" },
      /no backup "x" in this vault\. The newest proven one is 20260701T140000Z-000003/,
    ],
    [
      "an unproven one",
      { backupId: unproven.backupId },
      /Backup 20260701T200000Z-000004 cannot be trusted: it was not read back yet\. .*`castchat-recovery list`/,
    ],
    ["both", { backupId: old.backupId, at: new Date() }, /either a backup or a time \(at\)/],
  ])("refuses %s", (_case, choice, message) => {
    expect(() => chooseBackup(all, choice)).toThrow(message);
    expect(() => chooseBackup(all, choice)).toThrow(UserError);
  });

  it("refuses a vault without any proven backup", () => {
    expect(() => chooseBackup([], {})).toThrow(/no proven full backup\. Run `castchat-recovery backup`/);
    expect(() => chooseBackup([unproven], { at: new Date() })).toThrow(
      "it holds 1 others; the newest is 20260701T200000Z-000004: it was not read back yet",
    );
  });
});

/** Of another site: finished, whole and read back, as its writer says. */
const foreign: BackupSummary = {
  ...summary("20260701T200000Z-000005", "2026-07-01T20:00:05.000Z", "its manifest is signed by key 0123456789abcdef"),
  manifest: undefined,
  untrusted: { snapshotAt: "2026-07-01T20:00:07.000Z", signedBy: "0123456789abcdef" },
};

describe("a newer backup of a writer that is not trusted", () => {
  const now = new Date("2026-07-02T00:00:00Z");
  const backups = [foreign, newest, middle, old];

  it("is an error that names it, its key, and both ways out", () => {
    const refused = () => chooseBackup(backups, { now });
    expect(refused).toThrow(UserError);
    expect(refused).toThrow(
      /20260701T200000Z-000005 of 2026-07-01T20:00:07.000Z is newer than 20260701T140000Z-000003/,
    );
    expect(refused).toThrow(/signed by key 0123456789abcdef, which is not trusted here/);
    expect(refused).toThrow(/pulumi config set -s STACK --path 'trustedWriterKeys\[N\]' -- /);
    expect(refused).toThrow(/pulumi config set backup 20260701T140000Z-000003 -s STACK/);
    expect(refused).toThrow(/--backup 20260701T140000Z-000003/);
  });

  it("is passed over when a backup or a time is asked for", () => {
    expect(chooseBackup(backups, { now, backupId: newest.backupId })).toEqual({ chosen: newest, passedOver: [] });
    const { chosen, passedOver } = chooseBackup(backups, { now, at: now });
    expect(chosen).toBe(newest);
    expect(passedOver).toEqual([
      expect.stringMatching(/^Backup 20260701T200000Z-000005 .*signed by key 0123456789abcdef/),
    ]);
    expect(chooseBackup(backups, { now, at: new Date("2026-07-01T15:00:00Z") }).passedOver).toEqual([]);
  });

  it("does not matter when it is older or dated in the future", () => {
    const older = { ...foreign, untrusted: { ...foreign.untrusted!, snapshotAt: "2026-07-01T09:00:00.000Z" } };
    expect(chooseBackup([older, newest], { now })).toEqual({ chosen: newest, passedOver: [] });
    const { chosen, passedOver } = chooseBackup(backups, { now: new Date("2026-07-01T15:00:00Z") });
    expect(chosen).toBe(newest);
    expect(passedOver).toEqual([expect.stringContaining("its time lies in the future")]);
  });
});

describe("what is passed over", () => {
  const now = new Date("2026-07-02T00:00:00Z");
  const forged = { ...unproven, problems: ["its manifest is not signed by a trusted key"], manifest: undefined };
  const of = (last: BackupSummary, choice: BackupChoice = { now }) =>
    chooseBackup([middle, last, old, newest], choice).passedOver;

  it("lists the newer backups that were not taken, up to the wanted instant, and no others", () => {
    const unfinished = { ...unproven, problems: [NEVER_FINISHED], manifest: undefined };
    const configuration = { ...unproven, manifest: { ...unproven.manifest!, kind: "configuration" as const } };
    expect(of(forged)).toEqual([
      "Backup 20260701T200000Z-000004 of 2026-07-01T20:00:05.000Z is newer and was passed over: its manifest is not signed by a trusted key.",
    ]);
    expect(of(unproven)).toEqual([expect.stringContaining("it was not read back yet")]);
    expect(of(forged, { now, at: new Date("2026-07-01T15:00:00Z") })).toEqual([]);
    expect(of(forged, { backupId: old.backupId })).toEqual([]);
    expect(of(unfinished)).toEqual([]);
    expect(of(configuration)).toEqual([]);
  });

  it("lists proven backups that are only taken by their id, and how to take them", () => {
    const safety = { ...summary("20260701T210000Z-000006", "2026-07-01T21:00:00.000Z") };
    safety.manifest = { ...safety.manifest!, purpose: "safety" };
    const saved = /passed over: saved before a replacement\. To take it, name it: 20260701T210000Z-000006\.$/;
    expect(of(safety)).toEqual([expect.stringMatching(saved)]);
    const ahead = summary("20260801T000000Z-000007", "2026-08-01T00:00:00.000Z");
    const future = /its time lies in the future\. To take it, name it: 20260801T000000Z-000007\.$/;
    expect(of(ahead)).toEqual([expect.stringMatching(future)]);
  });

  it("is listed again by a restore that continues, without backups from after its start", () => {
    const startedAt = new Date("2026-07-01T21:00:00Z");
    const later = summary("20260701T220000Z-000008", "2026-07-01T22:00:00.000Z");
    const backups = [later, forged, newest, old];
    const [said, ...others] = passedOverBefore(backups, newest as ChosenBackup, { startedAt });
    expect([said, others]).toEqual([expect.stringContaining(forged.backupId), []]);
    const named = { startedAt, backupId: newest.backupId };
    expect(passedOverBefore(backups, newest as ChosenBackup, named)).toEqual([]);
    const untilThen = { startedAt, at: new Date("2026-07-01T15:00:00Z") };
    expect(passedOverBefore(backups, newest as ChosenBackup, untilThen)).toEqual([]);
  });
});

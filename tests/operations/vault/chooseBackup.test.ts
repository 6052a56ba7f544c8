import { describe, expect, it } from "@jest/globals";
import { UserError } from "../../../clients/errors.ts";
import { chooseBackup, passedOver } from "../../../operations/vault/chooseBackup.ts";
import type { BackupChoice } from "../../../operations/vault/chooseBackup.ts";
import { NEVER_FINISHED } from "../../../operations/vault/listBackups.ts";
import type { BackupSummary } from "../../../operations/vault/listBackups.ts";
import type { Manifest } from "../../../operations/vault/manifest.ts";

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

describe("chooseBackup", () => {
  it("takes the newest proven one", () => {
    expect(chooseBackup(all, {})).toBe(newest);
  });

  it("takes the newest proven one at or before an instant, by its snapshot", () => {
    expect(chooseBackup(all, { at: new Date("2026-07-01T08:00:05Z") })).toBe(middle);
    expect(chooseBackup(all, { at: new Date("2026-07-01T08:00:04Z") })).toBe(old);
    expect(chooseBackup(all, { at: new Date("2030-01-01T00:00:00Z") })).toBe(newest);
  });

  it("takes one that is dated in the future by its id alone", () => {
    const now = new Date("2026-07-01T09:00:00Z");
    expect(chooseBackup(all, { now })).toBe(middle);
    expect(chooseBackup(all, { now, at: new Date("2030-01-01T00:00:00Z") })).toBe(middle);
    expect(chooseBackup(all, { now, backupId: newest.backupId })).toBe(newest);
    expect(() => chooseBackup([newest], { now })).toThrow(
      "The only proven backups of this vault are dated in the future (20260701T140000Z-000003)",
    );
    // Two machines' clocks may be some minutes apart.
    expect(chooseBackup(all, { now: new Date("2026-07-01T13:50:10Z") })).toBe(newest);
  });

  it("takes what was saved before a replacement by its id alone", () => {
    const damage: BackupSummary = { ...newest, manifest: { ...newest.manifest!, purpose: "safety" } };
    expect(chooseBackup([damage, middle], {})).toBe(middle);
    expect(chooseBackup([damage, middle], { at: new Date("2030-01-01T00:00:00Z") })).toBe(middle);
    expect(chooseBackup([damage, middle], { backupId: damage.backupId })).toBe(damage);
    expect(() => chooseBackup([damage], {})).toThrow(
      "This vault has no proven full backup (it holds 1 others; the newest is 20260701T140000Z-000003: saved before a replacement)",
    );
  });

  it("takes one by its id", () => {
    expect(chooseBackup(all, { backupId: old.backupId })).toBe(old);
  });

  it.each([
    [
      "an instant before all",
      { at: new Date("2026-07-01T00:00:00Z") },
      "There is no proven backup at or before 2026-07-01T00:00:00.000Z: the oldest is of 2026-07-01T02:00:05.000Z (20260701T020000Z-000001).",
    ],
    [
      "an unknown id",
      { backupId: "x" },
      'There is no backup "x" in this vault: the newest proven one is 20260701T140000Z-000003.',
    ],
    [
      "an unproven one",
      { backupId: unproven.backupId },
      "Backup 20260701T200000Z-000004 cannot be trusted: it was not read back yet. Choose another.",
    ],
    ["both", { backupId: old.backupId, at: new Date() }, "Set either a backup or a time (at) to restore, not both."],
  ])("refuses %s", (_case, choice, message) => {
    expect(() => chooseBackup(all, choice)).toThrow(message);
    expect(() => chooseBackup(all, choice)).toThrow(UserError);
  });

  it("refuses a vault without any proven backup", () => {
    expect(() => chooseBackup([], {})).toThrow(
      'This vault has no proven full backup: run "castchat-recovery backup" first, or name another vault.',
    );
    expect(() => chooseBackup([unproven], { at: new Date() })).toThrow(
      "it holds 1 others; the newest is 20260701T200000Z-000004: it was not read back yet",
    );
  });
});

describe("passedOver", () => {
  const now = new Date("2026-07-02T00:00:00Z");

  it("names newer backups that can't be trusted, up to the wanted instant, and no others", () => {
    const forged = { ...unproven, problems: ["its manifest is not signed by a trusted key"], manifest: undefined };
    const unfinished = { ...unproven, problems: [NEVER_FINISHED], manifest: undefined };
    const configuration = { ...unproven, manifest: { ...unproven.manifest!, kind: "configuration" as const } };
    const of = (last: BackupSummary, choice: BackupChoice = { now }) => {
      const backups = [middle, last, old, newest];
      return passedOver(backups, chooseBackup(backups, choice), choice);
    };
    expect(of(forged)).toEqual([
      "Backup 20260701T200000Z-000004 of 2026-07-01T20:00:05.000Z is newer and was passed over: its manifest is not signed by a trusted key.",
    ]);
    expect(of(unproven)).toEqual([expect.stringContaining("it was not read back yet")]);
    expect(of(forged, { now, at: new Date("2026-07-01T15:00:00Z") })).toEqual([]);
    expect(of(forged, { now: new Date("2026-07-01T15:00:00Z") })).toEqual([]);
    expect(of(forged, { backupId: old.backupId })).toEqual([]);
    expect(of(unfinished)).toEqual([]);
    expect(of(configuration)).toEqual([]);
  });
});

import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";

import { type Arrival, lifeOf } from "../../../planning/retention/life.ts";
import { lifecycleOf } from "../../../planning/retention/tierLifecycle.ts";
import { DAY_MS, NEVER, nextMidnight } from "../../../planning/retention/time.ts";
import type { DeclaredVault, LifecycleRule } from "../../../planning/retention/vault.ts";
import { at, PRIMARY, RULES, rulesWith } from "../support/scenario.ts";

const GB = 2 ** 30;
const FIRST = at("2027-01-01T02:10");
const text = (instant: number) => (instant === NEVER ? "never" : new Date(instant).toISOString().slice(0, 16));

function arrival(createdAt: number, change: Partial<Arrival> = {}): Arrival {
  const dates = { takenAt: createdAt, createdAt, arrivedAt: createdAt, lockedUntil: 0, heldUntil: 0 };
  return { ...dates, storageClass: "STANDARD", bytes: GB, objectBytes: GB, ...change };
}

function life(
  prefix: string,
  arrived: Arrival,
  rules: readonly LifecycleRule[] = RULES,
  change: Partial<DeclaredVault> = {},
) {
  return lifeOf(arrived, 0, lifecycleOf(prefix, arrived.objectBytes, rules), { ...PRIMARY, rules, ...change });
}

describe("lifeOf", () => {
  it("rounds up to the next midnight, as S3's own example does", () => {
    const { hiddenAt } = life("daily/", arrival(at("2014-01-15T10:30")), rulesWith("daily", { expireDays: 3 }));
    expect(text(hiddenAt)).toBe("2014-01-19T00:00");
  });

  it("hides, removes at the second midnight after, as AWS rounds, and clears the marker at the midnight after", () => {
    const { hiddenAt, removedAt, markerRemovedAt } = life("daily/", arrival(FIRST));
    const days = ["2027-02-01T00:00", "2027-02-03T00:00", "2027-02-04T00:00"];
    expect([hiddenAt, removedAt, markerRemovedAt].map(text)).toEqual(days);
  });

  it("removes what is locked or held at the midnight after, but hides it in time", () => {
    const locked = life("daily/", arrival(FIRST, { lockedUntil: at("2027-03-01T02:00") }));
    expect([locked.hiddenAt, locked.removedAt].map(text)).toEqual(["2027-02-01T00:00", "2027-03-02T00:00"]);
    const held = life("daily/", arrival(FIRST, { heldUntil: NEVER }));
    expect([held.hiddenAt, held.removedAt].map(text)).toEqual(["2027-02-01T00:00", "never"]);
  });

  it("knows no locks without Object Lock, and no hidden versions without versioning", () => {
    const held = arrival(FIRST, { heldUntil: NEVER });
    expect(text(life("daily/", held, RULES, { objectLock: false }).removedAt)).toBe("2027-02-03T00:00");
    const plain = life("daily/", held, RULES, { objectLock: false, versioned: false });
    const instants = [plain.hiddenAt, plain.removedAt, plain.markerRemovedAt].map(text);
    expect(instants).toEqual(Array(3).fill("2027-02-01T00:00"));
  });

  it("keeps hidden versions for ever if no rule removes them, or if a rule spares the newest", () => {
    const without = rulesWith("daily", { noncurrentDays: undefined });
    expect(life("daily/", arrival(FIRST), without).removedAt).toBe(NEVER);
    const sparing = rulesWith("daily", { newerNoncurrentVersions: 1 });
    expect(life("daily/", arrival(FIRST), sparing).removedAt).toBe(NEVER);
  });

  it("counts a replica's age from its original's creation, and doesn't touch a replica before its arrival", () => {
    const hidden = (lateDays: number) =>
      text(life("daily/", arrival(FIRST, { arrivedAt: FIRST + lateDays * DAY_MS })).hiddenAt);
    expect(hidden(20)).toBe("2027-02-01T00:00");
    expect(hidden(40)).toBe("2027-02-11T00:00");
  });

  it("stays in STANDARD until it moves, and does not move when it is too small", () => {
    const moved = life("weekly/", arrival(FIRST));
    expect(moved.stays.map(({ storageClass, from, to }) => `${storageClass} ${text(from)} ${text(to)}`)).toEqual([
      "STANDARD 2027-01-01T02:10 2027-02-01T00:00",
      "STANDARD_IA 2027-02-01T00:00 2027-04-06T00:00",
    ]);
    expect(life("weekly/", arrival(FIRST, { objectBytes: 128 * 1024 - 1 })).stays).toHaveLength(1);
    const forced = rulesWith("weekly", { largerThan: 0 });
    expect(life("weekly/", arrival(FIRST, { objectBytes: 1000 }), forced).stays).toHaveLength(2);
  });

  it("moves to the colder class when two are due on one day, and never back", () => {
    const both: LifecycleRule = {
      ...RULES[1]!,
      transitions: [
        { days: 30, storageClass: "GLACIER_IR" },
        { days: 30, storageClass: "STANDARD_IA" },
        { days: 60, storageClass: "STANDARD_IA" },
      ],
    };
    const { stays } = life("weekly/", arrival(FIRST), [both]);
    expect(stays.map(({ storageClass }) => storageClass)).toEqual(["STANDARD", "GLACIER_IR"]);
  });

  it("goes through its stages in order, at midnights, without a gap", () => {
    const days = fc.integer({ min: 1, max: 500 });
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 4e12 }),
        days,
        days,
        days,
        fc.integer({ min: 0, max: 600 }),
        (createdAt, expireDays, noncurrentDays, moveDays, lockDays) => {
          const rules: LifecycleRule[] = [
            { ...RULES[0]!, expireDays, noncurrentDays, transitions: [{ days: moveDays, storageClass: "GLACIER_IR" }] },
            RULES[4]!,
          ];
          const lived = life("daily/", arrival(createdAt, { lockedUntil: createdAt + lockDays * DAY_MS }), rules);
          expect(lived.hiddenAt).toBeGreaterThanOrEqual(createdAt + expireDays * DAY_MS);
          expect(lived.hiddenAt).toBeLessThan(createdAt + (expireDays + 1) * DAY_MS);
          expect(lived.removedAt).toBeGreaterThan(lived.hiddenAt);
          expect(lived.removedAt).toBeGreaterThanOrEqual(createdAt + lockDays * DAY_MS);
          for (const instant of [lived.hiddenAt, lived.removedAt, lived.markerRemovedAt])
            expect(nextMidnight(instant)).toBe(instant);
          expect(lived.stays[0]!.from).toBe(createdAt);
          expect(lived.stays.at(-1)!.to).toBe(lived.removedAt);
          for (const [index, stay] of lived.stays.entries())
            if (index > 0) expect(stay.from).toBe(lived.stays[index - 1]!.to);
        },
      ),
    );
  });
});

import { type LifecycleRule as S3Rule, S3 } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

import { missedOn } from "../../planning/retention/schedule.ts";
import { type Scenario, simulate, type VaultHistory } from "../../planning/retention/simulation.ts";
import { DAY_MS } from "../../planning/retention/time.ts";
import type { DeclaredVault, LifecycleRule, RunnerTier } from "../../planning/retention/vault.ts";
import { day, PRIMARY, REPLICA } from "../planning/support/scenario.ts";
import { startTestCloud, type TestCloud } from "../recovery/support/cloud.ts";
import { LifecycleClock } from "./lifecycleClock.ts";

/** The tiers with fewer days, so that all of them end within the test. */
const TIERS: readonly RunnerTier[] = [
  { name: "daily", prefix: "daily/", period: "run", keptDays: 3, lockDays: 3 },
  { name: "weekly", prefix: "weekly/", period: "isoWeek", keptDays: 10, lockDays: 8 },
  { name: "monthly", prefix: "monthly/", period: "month", keptDays: 33, lockDays: 33 },
];
// Far enough ahead that the emulator accepts the locks' dates, and with a 29 February.
const FROM = "2096-02-20";
const DAYS = 52;
const OBJECT_BYTES = 64;

let cloud: TestCloud;
let s3: S3;
beforeAll(async () => {
  cloud = await startTestCloud();
  s3 = new S3({ endpoint: cloud.endpoint, region: cloud.region, forcePathStyle: true });
});
afterAll(async () => {
  s3.destroy();
  await cloud.stop();
});

describe("the vault's rules on a moved clock", () => {
  it("do what the simulation has predicted, on every day and in both vaults", async () => {
    const scenario = testScenario();
    const history = simulate(scenario);
    await makeBucket("vault", scenario.primary.rules);
    await makeBucket("replica", scenario.replica!.rules);
    const start = new Date(scenario.schedule.firstDay * DAY_MS);
    const clocks = { vault: newClock("vault", start), replica: newClock("replica", start) };

    const told: string[] = [];
    for (const instant of instants(scenario, history.primary)) {
      for (const clock of Object.values(clocks)) await clock.advanceTo(new Date(instant));
      await store(history.primary, "vault", instant);
      await store(history.replica!, "replica", instant);
      for (const [bucket, vault] of [
        ["vault", history.primary],
        ["replica", history.replica!],
      ] as const) {
        const real = await contentOf(bucket, clocks[bucket]);
        const predicted = predictionAt(vault, instant);
        if (JSON.stringify(real) !== JSON.stringify(predicted)) {
          expect({ at: new Date(instant).toISOString(), bucket, content: real }).toEqual({
            at: new Date(instant).toISOString(),
            bucket,
            content: predicted,
          });
        }
        told.push(...real);
      }
    }
    // The comparison only means something if all of these occurred.
    for (const kind of ["STANDARD", "GLACIER_IR", "hidden", "marker"])
      expect(told.some((one) => one.includes(kind))).toBe(true);
  }, 120_000);

  it("clear uploads that were never finished", async () => {
    const bucket = "uploads";
    await makeBucket(bucket, PRIMARY.rules);
    const clock = newClock(bucket, new Date("2096-05-01T10:00:00Z"));
    await s3.createMultipartUpload({ Bucket: bucket, Key: "daily/broken" });
    await clock.advanceTo(new Date("2096-05-02T23:59:00Z"));
    expect(await uploadsIn(bucket)).toBe(1);
    await clock.advanceTo(new Date("2096-05-03T00:00:00Z"));
    expect(await uploadsIn(bucket)).toBe(0);
  });

  it("can't be moved back", async () => {
    const clock = newClock("uploads", new Date("2096-05-01T10:00:00Z"));
    await expect(clock.advanceTo(new Date("2096-04-30T10:00:00Z"))).rejects.toThrow("moved back");
  });
});

function testScenario(): Scenario {
  // The long stop lets the held newest backup outlive its days.
  const stop = Array.from({ length: 9 }, (_, index) => day("2096-03-13") + index);
  const missed = [day("2096-02-29"), day("2096-03-01"), ...stop];
  const rules = (kept: [number, number, number]): LifecycleRule[] => [
    ...TIERS.map(({ name, prefix }, index) => ({
      id: name,
      prefix,
      expireDays: kept[index]!,
      noncurrentDays: 1,
      removesLoneMarkers: false,
      transitions: index === 0 ? [] : [{ days: 2 * index, storageClass: "GLACIER_IR" as const }],
      largerThan: 1,
    })),
    { id: "clean-up", prefix: "", removesLoneMarkers: true, abortUploadDays: 1, transitions: [] },
  ];
  return {
    primary: { ...PRIMARY, rules: rules([3, 10, 33]) },
    // Shorter than the lock, so that the lock holds versions back.
    replica: { ...REPLICA, rules: rules([2, 6, 12]) },
    tiers: TIERS,
    schedule: { firstDay: day(FROM), days: DAYS, intervalHours: 12, runMs: 0, isMissed: missedOn(new Set(missed)) },
    workload: { dumpBytes: OBJECT_BYTES, growthPerYear: 0 },
    replicationLagMs: 0,
  };
}

/** Each run's start, and a moment after each midnight. */
function instants({ schedule }: Scenario, { lives }: VaultHistory): number[] {
  const nights = Array.from({ length: schedule.days }, (_, index) => (schedule.firstDay + index) * DAY_MS + 60_000);
  return [...new Set([...nights, ...lives.map(({ arrivedAt }) => arrivedAt)])].sort((one, other) => one - other);
}

function keyOf({ tier, takenAt }: { tier: number; takenAt: number }): string {
  return `${TIERS[tier]!.prefix}${new Date(takenAt).toISOString()}`;
}

/** What the writer does at an instant: puts and locks the backup, holds it, and releases the previous one. */
async function store({ lives }: VaultHistory, bucket: string, instant: number): Promise<void> {
  const index = lives.findIndex(({ arrivedAt }) => arrivedAt === instant);
  if (index < 0) return;
  const life = lives[index]!;
  await s3.putObject({
    Bucket: bucket,
    Key: keyOf(life),
    Body: "x".repeat(OBJECT_BYTES),
    ObjectLockMode: "GOVERNANCE",
    ObjectLockRetainUntilDate: new Date(life.lockedUntil),
    ObjectLockLegalHoldStatus: "ON",
  });
  if (index === 0) return;
  const before = keyOf(lives[index - 1]!);
  const { Versions = [] } = await s3.listObjectVersions({ Bucket: bucket, Prefix: before });
  await s3.putObjectLegalHold({
    Bucket: bucket,
    Key: before,
    VersionId: Versions[0]!.VersionId,
    LegalHold: { Status: "OFF" },
  });
}

/** `key class`, `key hidden class` or `key marker`, sorted. */
async function contentOf(bucket: string, clock: LifecycleClock): Promise<string[]> {
  const { Versions = [], DeleteMarkers = [] } = await s3.listObjectVersions({ Bucket: bucket });
  const markers = DeleteMarkers.map(({ Key }) => Key!);
  return [
    ...Versions.map(
      ({ Key, VersionId }) =>
        `${Key!} ${markers.includes(Key!) ? "hidden " : ""}${clock.storageClassOf(VersionId!) ?? "STANDARD"}`,
    ),
    ...markers.map((key) => `${key} marker`),
  ].sort();
}

function predictionAt({ lives }: VaultHistory, instant: number): string[] {
  return lives
    .filter(({ arrivedAt }) => arrivedAt <= instant)
    .flatMap((life) => {
      const isHidden = life.hiddenAt <= instant;
      const stay = life.stays.find(({ from, to }) => from <= instant && instant < to);
      return [
        ...(stay ? [`${keyOf(life)} ${isHidden ? "hidden " : ""}${stay.storageClass}`] : []),
        ...(isHidden && instant < life.markerRemovedAt ? [`${keyOf(life)} marker`] : []),
      ];
    })
    .sort();
}

function newClock(bucket: string, now: Date): LifecycleClock {
  return new LifecycleClock({ s3, bucket, now });
}

async function makeBucket(bucket: string, rules: DeclaredVault["rules"]): Promise<void> {
  await s3.createBucket({ Bucket: bucket, ObjectLockEnabledForBucket: true });
  await s3.putBucketLifecycleConfiguration({
    Bucket: bucket,
    LifecycleConfiguration: { Rules: rules.map(s3Rule) },
  });
}

function s3Rule(rule: LifecycleRule): S3Rule {
  return {
    ID: rule.id,
    Status: "Enabled",
    Filter:
      rule.largerThan === undefined
        ? { Prefix: rule.prefix }
        : { And: { Prefix: rule.prefix, ObjectSizeGreaterThan: rule.largerThan } },
    Expiration: rule.removesLoneMarkers ? { ExpiredObjectDeleteMarker: true } : { Days: rule.expireDays },
    ...(rule.noncurrentDays !== undefined && { NoncurrentVersionExpiration: { NoncurrentDays: rule.noncurrentDays } }),
    ...(rule.abortUploadDays !== undefined && {
      AbortIncompleteMultipartUpload: { DaysAfterInitiation: rule.abortUploadDays },
    }),
    ...(rule.transitions.length > 0 && {
      Transitions: rule.transitions.map(({ days, storageClass }) => ({
        Days: days,
        StorageClass: storageClass as "GLACIER_IR",
      })),
    }),
  };
}

async function uploadsIn(bucket: string): Promise<number> {
  return (await s3.listMultipartUploads({ Bucket: bucket })).Uploads?.length ?? 0;
}

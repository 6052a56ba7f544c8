import { describe, expect, it } from "@jest/globals";

import { readRules } from "../../../recovery/plan/readRules.ts";
import { LIFECYCLE, registered, REPLICATION } from "../../planning/support/registered.ts";
import { PRIMARY, REPLICA, RULES } from "../../planning/support/scenario.ts";

const read = (change: Parameters<typeof registered>[1]) => readRules("prod", "vault", registered("prod", change));
const part = (type: string, inputs: Record<string, unknown>) => ({
  urn: `urn:pulumi:prod::p::castchat:index:BackupVault$${type}::x`,
  type,
  inputs,
});

describe("readRules", () => {
  it("reads the vault's own rules, without disabled ones and without those of the log bucket", () => {
    expect(read({})).toEqual({
      vault: { ...PRIMARY, rules: RULES },
      replicationRole: "unknown",
      faults: [],
    });
    expect(readRules("dr", "replica", registered("dr")).vault).toEqual(REPLICA);
  });

  it("reads filters by size, a default lock and a replica's class", () => {
    const rules = [{ ...LIFECYCLE[0], filter: { and: { prefix: "daily/", objectSizeGreaterThan: 100 } } }];
    const lock = part("aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration", {
      bucket: "vault",
      rule: { defaultRetention: { mode: "GOVERNANCE", years: 1 } },
    });
    const replication = {
      ...REPLICATION,
      destination: { bucket: "arn:aws:s3:::replica", storageClass: "STANDARD_IA" },
    };
    const { vault } = read({ rules, parts: [lock], replication });
    expect(vault!.rules[0]).toMatchObject({ prefix: "daily/", largerThan: 100 });
    expect(vault!.defaultLockDays).toBe(365);
    expect(vault!.replications).toEqual([
      {
        id: "standby",
        prefix: "",
        destinationBucketArn: "arn:aws:s3:::replica",
        storageClass: "STANDARD_IA",
        timeControl: false,
        encryptedObjects: true,
        deletions: false,
      },
    ]);
  });

  it("takes the one lifecycle whose bucket isn't known yet for the vault's", () => {
    const resources = registered("prod")
      .filter(({ urn }) => !urn.includes("logs"))
      .map((one) =>
        one.type.includes("Lifecycle")
          ? { ...one, inputs: { ...one.inputs, bucket: "04da6b54-80e4-46f7-96ec-b56ff0331ba9" } }
          : one,
      );
    expect(readRules("prod", "vault", resources).vault!.rules).toHaveLength(5);
  });

  it("shows a vault without lifecycle, versioning and lock as one", () => {
    const bare = registered("prod")
      .filter(({ type }) => type === "aws:s3/bucket:Bucket")
      .map((one) => ({ ...one, inputs: { bucket: one.inputs["bucket"] } }));
    expect(readRules("prod", "vault", bare).vault).toMatchObject({
      versioned: false,
      objectLock: false,
      rules: [],
      replications: [],
    });
  });

  it.each([
    [
      "a filter by tags",
      { rules: [{ ...LIFECYCLE[0], filter: { tag: { key: "a", value: "b" } } }] },
      'The lifecycle rule "daily" of prod uses filter.tag, which the plan can\'t simulate. Only filter by prefix and size',
    ],
    [
      "an expiration by date",
      { rules: [{ ...LIFECYCLE[0], expiration: { date: "2027-01-01" } }] },
      'The lifecycle rule "daily" of prod uses expiration.date, which the plan can\'t simulate. Only filter by prefix and size',
    ],
    [
      "another class",
      { rules: [LIFECYCLE[0], { ...LIFECYCLE[1], transitions: [{ days: 30, storageClass: "ONEZONE_IA" }] }] },
      'The lifecycle rule "weekly" of prod has a transitions.0.storageClass that the plan can\'t read',
    ],
    [
      "noncurrent moves",
      { rules: [{ ...LIFECYCLE[0], noncurrentVersionTransitions: [] }] },
      'The lifecycle rule "daily" of prod uses noncurrentVersionTransitions',
    ],
    [
      "a replication by tags",
      { replication: { ...REPLICATION, filter: { tag: { key: "a" } } } },
      'The replication rule "standby" of prod uses filter.tag',
    ],
  ])("refuses %s by name", (_, change, sentence) => {
    const { faults, vault } = read(change);
    expect(vault).toBeUndefined();
    expect(faults[0]).toContain(sentence);
  });

  it("reads a bucket as a bridged provider stores it, and refuses settings on the bucket itself", () => {
    const withBucket = (more: Record<string, unknown>) =>
      readRules(
        "prod",
        "vault",
        registered("prod").map((one) =>
          one.inputs["bucket"] === "vault" && one.type === "aws:s3/bucket:Bucket"
            ? { ...one, inputs: { ...one.inputs, ...more } }
            : one,
        ),
      ).faults;
    expect(withBucket({ __defaults: ["forceDestroy"], forceDestroy: false, tagsAll: {} })).toEqual([]);
    expect(withBucket({ versioning: { enabled: false } })).toEqual([
      "The bucket of prod itself sets versioning, and S3 keeps either that or the component's own setting. Declare it in components/backupVault.ts.",
    ]);
  });

  it("refuses a replication setting that it doesn't know", () => {
    const replication = { ...REPLICATION, sourceSelectionCriteria: { other: { status: "Enabled" } } };
    expect(read({ replication }).faults[0]).toContain(
      "uses sourceSelectionCriteria.other, which the plan can't simulate",
    );
  });

  it("names all faults at once", () => {
    expect(
      read({
        rules: [
          { ...LIFECYCLE[0], expiration: { date: "x" } },
          { ...LIFECYCLE[1], filter: { tag: {} } },
        ],
      }).faults,
    ).toHaveLength(2);
  });

  it("says when there is no vault, or no region", () => {
    expect(readRules("prod", "another", registered("prod")).faults[0]).toContain("declares no backup vault another");
    const nowhere = registered("prod").map(({ urn, type, inputs }) => ({ urn, type, inputs }));
    expect(readRules("prod", "vault", nowhere).faults[0]).toContain(
      "region of prod's vault is unknown. Set `awsRegion`",
    );
  });
});

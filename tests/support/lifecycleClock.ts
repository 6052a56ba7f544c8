import type {
  LifecycleRule,
  ListMultipartUploadsCommandOutput,
  ListObjectVersionsCommandOutput,
  S3,
} from "@aws-sdk/client-s3";

import { DAY, isDue, isLargeEnough, meets, prefixOf, upToMidnight } from "./lifecycleRule.ts";

/** A bucket whose lifecycle the clock applies. */
export interface LifecycleClockOptions {
  s3: S3;
  bucket: string;
  /** The initial time of the moved clock. */
  now: Date;
}

/** A version or a delete marker as S3 lists it, with its date on the moved clock. */
interface Entry {
  key: string;
  versionId: string;
  size: number;
  isMarker: boolean;
  isLatest: boolean;
  bornAt: Date;
}

/** The order in which the later of two due transitions wins, because it saves more. */
const CHEAPER_LAST: readonly string[] = ["STANDARD", "STANDARD_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"];

/**
 * Applies a bucket's deployed lifecycle configuration on a clock that can be moved, only through S3 calls: the emulator stores the
 * configuration but doesn't act on it. It is written from the Amazon S3 User Guide ("Lifecycle configuration elements", "Expiring objects",
 * "How S3 Lifecycle interacts with other bucket configurations") and shares nothing with this project, so that it can check the plan's
 * simulation.
 *
 * Objects that are in the bucket when the clock moves count as created at the time that the clock showed before. No S3 call changes a
 * version's class, so the clock itself records which versions have moved: {@link storageClassOf}.
 */
export class LifecycleClock {
  readonly #s3: S3;
  readonly #bucket: string;
  #now: Date;
  readonly #bornAt = new Map<string, Date>();
  readonly #uploadsBornAt = new Map<string, Date>();
  readonly #classes = new Map<string, string>();

  constructor({ s3, bucket, now }: LifecycleClockOptions) {
    this.#s3 = s3;
    this.#bucket = bucket;
    this.#now = now;
  }

  get now(): Date {
    return this.#now;
  }

  /** The class to which lifecycle has moved a version; undefined if it hasn't moved it. */
  storageClassOf(versionId: string): string | undefined {
    return this.#classes.get(versionId);
  }

  /** Advances the clock; lifecycle acts at every midnight (UTC) on the way. */
  async advanceTo(later: Date): Promise<void> {
    if (later < this.#now) throw new Error("the clock can't be moved back");
    // Notes what is new as created now.
    await Promise.all([this.#entries(), this.#uploads()]);
    const rules = await this.#enabledRules();
    for (let midnight = upToMidnight(this.#now.getTime() + 1); midnight <= later.getTime(); midnight += DAY) {
      this.#now = new Date(midnight);
      await this.#act(rules, new Date(midnight));
    }
    this.#now = later;
  }

  async #enabledRules(): Promise<LifecycleRule[]> {
    const { Rules = [] } = await this.#s3.getBucketLifecycleConfiguration({ Bucket: this.#bucket });
    return Rules.filter(({ Status }) => Status === "Enabled");
  }

  /** One midnight. Its effects on an entry don't count for another action of the same midnight. */
  async #act(rules: readonly LifecycleRule[], midnight: Date): Promise<void> {
    for (const versions of byKey(await this.#entries())) {
      const [latest, ...older] = versions;
      if (latest === undefined) continue;
      const met = rules.filter((rule) => meets(rule, latest.key, latest.size));
      if (latest.isMarker && older.length === 0) await this.#clearLoneMarker(met, latest, midnight);
      else if (!latest.isMarker) await this.#actOnCurrent(met, latest, midnight);
      await this.#removeNoncurrent(rules, versions, midnight);
    }
    for (const upload of await this.#uploads()) {
      const due = rules
        .filter((rule) => upload.key.startsWith(prefixOf(rule)))
        .some((rule) => isDue(upload.bornAt, rule.AbortIncompleteMultipartUpload?.DaysAfterInitiation, midnight));
      if (due) await this.#s3.abortMultipartUpload({ Bucket: this.#bucket, Key: upload.key, UploadId: upload.id });
    }
  }

  /** "If the current object version is the only object version and it is also a delete marker, S3 removes it." */
  async #clearLoneMarker(rules: readonly LifecycleRule[], marker: Entry, midnight: Date): Promise<void> {
    const goes = rules.some(
      ({ Expiration }) =>
        Expiration?.ExpiredObjectDeleteMarker === true || isDue(marker.bornAt, Expiration?.Days, midnight),
    );
    if (goes) await this.#remove(marker);
  }

  async #actOnCurrent(rules: readonly LifecycleRule[], current: Entry, midnight: Date): Promise<void> {
    const moves = rules.flatMap((rule) =>
      (rule.Transitions ?? [])
        .filter(({ Days }) => isDue(current.bornAt, Days, midnight) && isLargeEnough(rule, current.size))
        .flatMap(({ StorageClass }) => StorageClass ?? []),
    );
    const reached = [this.#classes.get(current.versionId) ?? "STANDARD", ...moves];
    const coldest = reached.sort((one, other) => CHEAPER_LAST.indexOf(other) - CHEAPER_LAST.indexOf(one))[0];
    if (moves.length > 0 && coldest !== undefined) this.#classes.set(current.versionId, coldest);
    if (!rules.some(({ Expiration }) => isDue(current.bornAt, Expiration?.Days, midnight))) return;
    const { VersionId } = await this.#s3.deleteObject({ Bucket: this.#bucket, Key: current.key });
    // S3 makes markers some time after midnight, and counts from then.
    if (VersionId !== undefined) this.#bornAt.set(VersionId, new Date(midnight.getTime() + 1));
  }

  /** A version is noncurrent from the creation of its successor. Locked and held versions are not removed. */
  async #removeNoncurrent(rules: readonly LifecycleRule[], versions: readonly Entry[], midnight: Date): Promise<void> {
    const noncurrent = versions.slice(1).filter(({ isMarker }) => !isMarker);
    for (const [newer, version] of noncurrent.entries()) {
      const successor = versions[versions.indexOf(version) - 1];
      if (successor === undefined) continue;
      const due = rules
        .filter((rule) => meets(rule, version.key, version.size))
        .some(({ NoncurrentVersionExpiration: expiration }) => {
          const spared = newer < (expiration?.NewerNoncurrentVersions ?? 0);
          return !spared && isDue(successor.bornAt, expiration?.NoncurrentDays, midnight);
        });
      if (due && !(await this.#isProtected(version, midnight))) await this.#remove(version);
    }
  }

  async #isProtected({ key, versionId }: Entry, midnight: Date): Promise<boolean> {
    const version = { Bucket: this.#bucket, Key: key, VersionId: versionId };
    const retention = await orNone(this.#s3.getObjectRetention(version));
    const until = retention?.Retention?.RetainUntilDate;
    if (until !== undefined && until > midnight) return true;
    const hold = await orNone(this.#s3.getObjectLegalHold(version));
    return hold?.LegalHold?.Status === "ON";
  }

  /** The emulator's own clock hasn't moved, so a lock that has ended on this clock may still hold on that one. */
  async #remove({ key, versionId }: Entry): Promise<void> {
    const version = { Bucket: this.#bucket, Key: key, VersionId: versionId };
    await this.#s3.deleteObject({ ...version, BypassGovernanceRetention: true });
  }

  async #entries(): Promise<Entry[]> {
    const found: Entry[] = [];
    let next: { KeyMarker?: string | undefined; VersionIdMarker?: string | undefined } | undefined = {};
    while (next !== undefined) {
      const page: ListObjectVersionsCommandOutput = await this.#s3.listObjectVersions({
        Bucket: this.#bucket,
        ...next,
      });
      const listed = [
        ...(page.Versions ?? []).map((one) => ({ ...one, isMarker: false })),
        ...(page.DeleteMarkers ?? []).map((one) => ({ ...one, Size: 0, isMarker: true })),
      ];
      for (const { Key: key = "", VersionId: versionId = "null", Size: size = 0, IsLatest, isMarker } of listed) {
        const bornAt = this.#bornAt.get(versionId) ?? this.#now;
        this.#bornAt.set(versionId, bornAt);
        found.push({ key, versionId, size, isLatest: IsLatest ?? false, isMarker, bornAt });
      }
      const { IsTruncated, NextKeyMarker: KeyMarker, NextVersionIdMarker: VersionIdMarker } = page;
      next = IsTruncated === true ? { KeyMarker, VersionIdMarker } : undefined;
    }
    return found;
  }

  async #uploads(): Promise<{ key: string; id: string; bornAt: Date }[]> {
    const page: ListMultipartUploadsCommandOutput = await this.#s3.listMultipartUploads({ Bucket: this.#bucket });
    return (page.Uploads ?? []).map(({ Key: key = "", UploadId: id = "" }) => {
      const bornAt = this.#uploadsBornAt.get(id) ?? this.#now;
      this.#uploadsBornAt.set(id, bornAt);
      return { key, id, bornAt };
    });
  }
}

/** Each key's entries, newest first. */
function byKey(entries: readonly Entry[]): Entry[][] {
  const keys = new Map<string, Entry[]>();
  for (const entry of entries) keys.set(entry.key, [...(keys.get(entry.key) ?? []), entry]);
  return [...keys.values()].map((versions) =>
    versions.sort(
      (one, other) => Number(other.isLatest) - Number(one.isLatest) || other.bornAt.getTime() - one.bornAt.getTime(),
    ),
  );
}

/** An object without a lock or hold answers with an error of its own. */
async function orNone<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof Error && error.name === "NoSuchObjectLockConfiguration") return undefined;
    throw error;
  }
}

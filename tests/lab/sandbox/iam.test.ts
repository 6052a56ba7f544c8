import type { PutObjectCommandInput } from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";

import { vaultRoleArn, vaultRoleTag } from "../../../planning/names.ts";
import { UserError } from "../../../services/common/errors.ts";
import { s3Vault } from "../../../services/vault/s3Vault.ts";
import { type RoleCredentials, roleCredentials } from "../../../services/vault/vaultRole.ts";
import {
  ALL_RIGHTS,
  BUCKET,
  type Credentials,
  LIFECYCLE,
  REPLICA,
  SITE,
  STANDBY,
  VaultWithRoles,
} from "./support/vaultWithRoles.ts";

/**
 * What each of the vault's roles may not do, in the sandbox's AWS with IAM enabled. Not proved here: that S3 calls KMS with the caller's
 * rights (the sandbox's S3 encrypts by itself), and `kms:ViaService`.
 */
let vault: VaultWithRoles;
const session = {} as Record<"writer" | "reader" | "restorer" | "breakGlass", Credentials>;
let admin: Credentials;
let device: string;
let breaker: Credentials;

const DAY_MS = 86_400_000;
const Key = "daily/20260701T020000Z-1a2b3c/app.dump.zst";
const inDays = (days: number) => new Date(Date.now() + days * DAY_MS);
const at = (key: string) => ({ Bucket: BUCKET, Key: key });
/** A first write, as the vault's client does it. */
const locked = (key = Key, days = 30) => ({
  Bucket: BUCKET,
  Key: key,
  Body: "rows",
  IfNoneMatch: "*",
  ObjectLockMode: "GOVERNANCE" as const,
  ObjectLockRetainUntilDate: inDays(days),
});
const hold = (key: string, Status: "ON" | "OFF") => ({ Bucket: BUCKET, Key: key, LegalHold: { Status } });

beforeAll(async () => {
  vault = await new VaultWithRoles().start();
  for (const purpose of ["writer", "reader", "restorer"] as const) {
    session[purpose] = await vault.assume(await vault.person(purpose, purpose), purpose);
  }
  breaker = await vault.person("breaker", "break-glass");
  device = await vault.mfaDevice("breaker");
  session.breakGlass = await vault.assume(breaker, "break-glass", device);
  admin = await vault.user("admin", ALL_RIGHTS);
}, 60_000);
afterAll(() => vault.stop());

/** "it worked", or the name of the refusal. */
const outcome = (work: Promise<unknown>) =>
  work.then(
    () => "it worked",
    (error: unknown) => (error as Error).name,
  );
const works = async (work: Promise<unknown>) => expect(await outcome(work)).toBe("it worked");
const denies = async (work: Promise<unknown>) => expect(await outcome(work)).toBe("AccessDenied");
const deniesKey = async (work: Promise<unknown>) => expect(await outcome(work)).toBe("AccessDeniedException");
const findsWritten = async (work: Promise<unknown>) => expect(await outcome(work)).toBe("PreconditionFailed");
const put = async (key: string) => (await vault.s3(session.writer).putObject(locked(key))).VersionId!;
const putInParts = (params: PutObjectCommandInput) =>
  new Upload({ client: vault.s3(session.writer), params: { ...params, Body: Buffer.alloc(11 << 20, 1) } }).done();

describe("assuming a role", () => {
  it("needs the role's own tag", async () => {
    const stranger = await vault.person("stranger", "writer", false);
    await denies(vault.assume(stranger, "writer"));
    const reader = await vault.user("only-reader", [{ Effect: "Allow", Action: "sts:AssumeRole", Resource: "*" }], {
      [vaultRoleTag(SITE.project, "reader")]: "true",
    });
    await works(vault.assume(reader, "reader"));
    await denies(vault.assume(reader, "restorer"));
  });

  it("of break-glass also needs MFA", async () => {
    await denies(vault.assume(breaker, "break-glass"));
    const other = await vault.person("other-breaker", "break-glass");
    await denies(vault.assume(other, "break-glass", device));
  });
});

describe("the writer", () => {
  it("puts, locks, holds, reads back and signs, also in multipart uploads", async () => {
    const s3 = vault.s3(session.writer);
    await works(s3.putObject(locked()));
    await works(s3.getObject(at(Key)));
    await works(s3.putObjectLegalHold(hold(Key, "ON")));
    await works(s3.putObjectLegalHold(hold(Key, "OFF")));
    await works(s3.listObjectVersions({ Bucket: BUCKET, Prefix: "daily/" }));
    await works(putInParts(locked("daily/big")));
    const big = await vault.s3().getObjectRetention(at("daily/big"));
    expect(big.Retention?.Mode).toBe("GOVERNANCE");
    await works(vault.kms(session.writer).sign(vault.signing("manifest")));
  });

  it("writes a key once, by S3's own check and by the policy's, in one request or in parts", async () => {
    const first = await put("daily/over");
    const s3 = vault.s3(session.writer);
    await findsWritten(s3.putObject(locked("daily/over")));
    const unconditional = { ...locked("daily/over"), IfNoneMatch: undefined };
    await denies(s3.putObject(unconditional));
    await denies(putInParts(unconditional));
    await findsWritten(putInParts(locked("daily/over")));
    await works(putInParts(locked("daily/over-in-parts")));
    const { Versions } = await vault.s3().listObjectVersions({ Bucket: BUCKET, Prefix: "daily/over" });
    expect(Versions!.filter(({ Key: key }) => key === "daily/over").map((one) => one.VersionId)).toEqual([first]);
  });

  it("deletes nothing, hides nothing, lifts no lock, deletes no key", async () => {
    const VersionId = await put("daily/kept");
    const one = at("daily/kept");
    const s3 = vault.s3(session.writer);
    await denies(s3.deleteObject(one));
    await denies(s3.deleteObject({ ...one, VersionId }));
    const bypass = { BypassGovernanceRetention: true };
    await denies(s3.deleteObject({ ...one, VersionId, ...bypass }));
    const shorter = { Mode: "GOVERNANCE" as const, RetainUntilDate: inDays(1) };
    await denies(s3.putObjectRetention({ ...one, Retention: shorter }));
    await denies(s3.putObjectRetention({ ...one, Retention: shorter, ...bypass }));
    await deniesKey(vault.kms(session.writer).scheduleKeyDeletion({ KeyId: vault.keyArn }));
  });

  it("writes only in the tiers, with the vault's key, and with no lock beyond the tier's", async () => {
    const s3 = vault.s3(session.writer);
    const plain = { ...at("daily/x"), Body: "x", IfNoneMatch: "*" };
    await denies(s3.putObject({ ...plain, Key: "elsewhere/x" }));
    await denies(s3.putObject({ ...plain, ServerSideEncryption: "AES256" }));
    const otherKey = { ServerSideEncryption: "aws:kms" as const, SSEKMSKeyId: vault.signingKeyArn };
    await denies(s3.putObject({ ...plain, ...otherKey }));
    await denies(s3.putObject(locked("daily/long", 40)));
    await works(s3.putObject(locked("weekly/long", 40)));
  });
});

describe.each(["reader", "restorer"] as const)("the %s", (role) => {
  it("lists, reads and gets the signer's public key", async () => {
    const VersionId = await put(`daily/read-by-${role}`);
    const s3 = vault.s3(session[role]);
    await works(s3.listObjectVersions({ Bucket: BUCKET }));
    await works(s3.getObject({ ...at(`daily/read-by-${role}`), VersionId }));
    await works(vault.kms(session[role]).getPublicKey({ KeyId: vault.signingKeyArn }));
  });

  it("neither puts, holds, locks, deletes nor signs", async () => {
    const VersionId = await put(`daily/closed-to-${role}`);
    const one = at(`daily/closed-to-${role}`);
    const s3 = vault.s3(session[role]);
    const kms = vault.kms(session[role]);
    await denies(s3.putObject(locked("daily/forged")));
    await denies(s3.putObjectLegalHold(hold(one.Key, "OFF")));
    const Retention = { Mode: "GOVERNANCE" as const, RetainUntilDate: inDays(30) };
    await denies(s3.putObjectRetention({ ...one, Retention }));
    await denies(s3.deleteObject({ ...one, VersionId }));
    const forged = vault.signing("forged");
    await deniesKey(kms.sign(forged));
    const verified = await outcome(kms.verify({ ...forged, Signature: Buffer.from("MAYCAQECAQE=", "base64") }));
    expect(verified).toBe(role === "reader" ? "AccessDeniedException" : "KMSInvalidSignatureException");
  });
});

it("the restorer writes the recovery log, each line once, and nothing else", async () => {
  const line = { ...at("recovery-log/1.json"), Body: "restored", IfNoneMatch: "*" };
  const s3 = vault.s3(session.restorer);
  await works(s3.putObject(line));
  await findsWritten(s3.putObject(line));
  await works(s3.getObject(at(line.Key)));
  await denies(vault.s3(session.writer).putObject({ ...line, Key: "recovery-log/2.json" }));
});

describe("a scheduled run", () => {
  it("writes backups as the writer does, but no log", async () => {
    const s3 = vault.s3(await vault.runner());
    await works(s3.putObject(locked("daily/run")));
    await denies(s3.putObject({ ...at("recovery-log/3.json"), Body: "x", IfNoneMatch: "*" }));
  });
});

describe("a person at the command line", () => {
  const vaultOf = (credentials: RoleCredentials) =>
    s3Vault({ bucket: BUCKET, region: SITE.region, endpoint: vault.endpoint, credentials });
  const asWriter = () =>
    roleCredentials({
      roleArn: vaultRoleArn(SITE, "writer"),
      tag: vaultRoleTag(SITE.project, "writer"),
      region: SITE.region,
      endpoint: vault.endpoint,
    });
  const environment = { ...process.env };
  const as = (credentials: Credentials) => {
    process.env["AWS_ACCESS_KEY_ID"] = credentials.accessKeyId;
    process.env["AWS_SECRET_ACCESS_KEY"] = credentials.secretAccessKey;
    if (credentials.sessionToken !== undefined) process.env["AWS_SESSION_TOKEN"] = credentials.sessionToken;
  };
  afterEach(() => {
    process.env = { ...environment };
  });

  it("assumes the writer's role by the tag, or already has it, and then writes", async () => {
    as(await vault.person("engineer", "writer"));
    expect(await vaultOf(asWriter()).put("daily/by-hand", Buffer.from("x"))).toMatchObject({ sizeBytes: 1 });
    as(session.writer);
    expect(await vaultOf(asWriter()).put("daily/by-profile", Buffer.from("x"))).toMatchObject({ sizeBytes: 1 });
  });

  it("gets an error that names the missing tag", async () => {
    as(await vault.person("newcomer", "writer", false));
    const refused = vaultOf(asWriter()).put("daily/refused", Buffer.from("x"));
    await expect(refused).rejects.toThrow(
      /user\/newcomer may not take the role castchat-recovery-primary-writer-ap-northeast-1: .*castchat-recovery-writer = true/,
    );
    await expect(refused).rejects.toBeInstanceOf(UserError);
  });
});

describe("break-glass", () => {
  it("deletes locked and held objects, but can't read them", async () => {
    const VersionId = await put("daily/burn");
    const one = at("daily/burn");
    await vault.s3(session.writer).putObjectLegalHold(hold(one.Key, "ON"));
    const s3 = vault.s3(session.breakGlass);
    await denies(s3.getObject(one));
    await denies(s3.putObject(locked("daily/forged")));
    const burn = { ...one, VersionId, BypassGovernanceRetention: true };
    await denies(s3.deleteObject(burn)); // Still held.
    await works(s3.putObjectLegalHold(hold(one.Key, "OFF")));
    await denies(s3.deleteObject({ ...one, VersionId })); // Still locked.
    await works(s3.deleteObject(burn));
  });
});

describe("an administrator who is not a deployer", () => {
  it("writes nothing, holds nothing, and replicates nothing into the vault", async () => {
    await put("daily/held");
    const s3 = vault.s3(admin);
    await denies(s3.putObject(locked("daily/forged")));
    await denies(s3.putObject({ ...at("daily/held"), Body: "garbage" }));
    await denies(s3.putObject({ ...at("elsewhere/x"), Body: "x", IfNoneMatch: "*" }));
    await denies(s3.putObjectLegalHold(hold("daily/held", "OFF")));
  });

  it("deletes no version, lifts no lock, and changes nothing of the vault's protection", async () => {
    const VersionId = await put("daily/admin");
    const s3 = vault.s3(admin);
    await denies(s3.deleteObject({ ...at("daily/admin"), VersionId, BypassGovernanceRetention: true }));
    const bucket = { Bucket: BUCKET };
    await denies(s3.putBucketLifecycleConfiguration({ ...bucket, LifecycleConfiguration: { Rules: [LIFECYCLE] } }));
    await denies(s3.deleteBucketLifecycle(bucket));
    const lock = { ObjectLockEnabled: "Enabled" } as const;
    await denies(s3.putObjectLockConfiguration({ ...bucket, ObjectLockConfiguration: lock }));
    await denies(s3.putBucketVersioning({ ...bucket, VersioningConfiguration: { Status: "Suspended" } }));
    await denies(s3.deleteBucketPolicy(bucket));
    await deniesKey(vault.kms(admin).scheduleKeyDeletion({ KeyId: vault.keyArn }));
  });

  it("may change the protection as a deployer, but deletes no version", async () => {
    const s3 = vault.s3(await vault.deployer());
    const rules = { LifecycleConfiguration: { Rules: [LIFECYCLE] } };
    await works(s3.putBucketLifecycleConfiguration({ Bucket: BUCKET, ...rules }));
    const VersionId = await put("daily/closed-to-deployer");
    await denies(s3.deleteObject({ ...at("daily/closed-to-deployer"), VersionId, BypassGovernanceRetention: true }));
    await denies(s3.putObject(locked("daily/by-deployer")));
    await works(s3.putObject({ ...at("recovery-log/by-up.json"), Body: "x", IfNoneMatch: "*" }));
  });

  it("never disables or deletes a key, deployer or not; only break-glass does", async () => {
    const KeyId = vault.keyArn;
    for (const credentials of [admin, await vault.deployer()]) {
      const kms = vault.kms(credentials);
      await deniesKey(kms.disableKey({ KeyId }));
      await deniesKey(kms.scheduleKeyDeletion({ KeyId }));
    }
    const breaking = vault.kms(session.breakGlass);
    await works(breaking.scheduleKeyDeletion({ KeyId }));
    await works(breaking.cancelKeyDeletion({ KeyId }));
    await works(breaking.enableKey({ KeyId }));
  });
});

describe("the replica", () => {
  it("has its source's lock, and follows its hold", async () => {
    const written = locked("daily/followed");
    const here = vault.s3(session.writer);
    await here.putObject(written);
    const there = vault.s3(undefined, STANDBY.region);
    const replicated = { Bucket: REPLICA, Key: written.Key };
    const lock = await there.getObjectRetention(replicated);
    expect(lock.Retention?.RetainUntilDate).toEqual(written.ObjectLockRetainUntilDate);
    for (const Status of ["ON", "OFF"] as const) {
      await here.putObjectLegalHold(hold(written.Key, Status));
      const held = await there.getObjectLegalHold(replicated);
      expect(held.LegalHold?.Status).toBe(Status);
    }
  });
});

import {
  CancelKeyDeletionCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  GetPublicKeyCommand,
  ScheduleKeyDeletionCommand,
  SignCommand,
  VerifyCommand,
} from "@aws-sdk/client-kms";
import {
  DeleteBucketLifecycleCommand,
  DeleteBucketPolicyCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  GetObjectLegalHoldCommand,
  GetObjectRetentionCommand,
  ListObjectVersionsCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  PutObjectLegalHoldCommand,
  PutObjectLockConfigurationCommand,
  PutObjectRetentionCommand,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";

import { vaultRoleArn, vaultRoleTag } from "../../../planning/names.ts";
import { UserError } from "../../../services/common/errors.ts";
import { s3Vault } from "../../../services/vault/s3Vault.ts";
import { type RoleCredentials, roleCredentials } from "../../../services/vault/vaultRole.ts";
import {
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
const locked = (key = Key, days = 30) =>
  new PutObjectCommand({
    Bucket: BUCKET,
    Key: key,
    Body: "rows",
    IfNoneMatch: "*",
    ObjectLockMode: "GOVERNANCE",
    ObjectLockRetainUntilDate: inDays(days),
  });

beforeAll(async () => {
  vault = await new VaultWithRoles().start();
  for (const purpose of ["writer", "reader", "restorer"] as const) {
    session[purpose] = await vault.assume(await vault.person(purpose, purpose), purpose);
  }
  breaker = await vault.person("breaker", "break-glass");
  device = await vault.mfaDevice("breaker");
  session.breakGlass = await vault.assume(breaker, "break-glass", device);
  admin = await vault.user("admin", [{ Effect: "Allow", Action: "*", Resource: "*" }]);
}, 60_000);
afterAll(() => vault.stop());

const DENIED = "AccessDenied";
const WORKED = "it worked";
/** "it worked", or the name of the refusal. */
const outcome = (work: Promise<unknown>) =>
  work.then(
    () => WORKED,
    (error: unknown) => (error as Error).name,
  );
const s3As = (credentials: Credentials) => {
  const client = vault.s3(credentials);
  // One client's commands have no common type.
  return (command: object) => outcome(client.send(command as PutObjectCommand));
};
const hold = (Key: string, Status: "ON" | "OFF") =>
  new PutObjectLegalHoldCommand({ Bucket: BUCKET, Key, LegalHold: { Status } });
const newestVersion = async (key = Key) => {
  const { Versions } = await vault.s3().send(new ListObjectVersionsCommand({ Bucket: BUCKET, Prefix: key }));
  return Versions!.find((one) => one.Key === key)!.VersionId!;
};
const put = async (key: string) => (await vault.s3(session.writer).send(locked(key))).VersionId!;

describe("assuming a role", () => {
  it("needs the role's own tag", async () => {
    const stranger = await vault.person("stranger", "writer", false);
    expect(await outcome(vault.assume(stranger, "writer"))).toBe(DENIED);
    const reader = await vault.user("only-reader", [{ Effect: "Allow", Action: "sts:AssumeRole", Resource: "*" }], {
      [vaultRoleTag(SITE.project, "reader")]: "true",
    });
    expect(await outcome(vault.assume(reader, "reader"))).toBe(WORKED);
    expect(await outcome(vault.assume(reader, "restorer"))).toBe(DENIED);
  });

  it("of break-glass also needs MFA", async () => {
    expect(await outcome(vault.assume(breaker, "break-glass"))).toBe(DENIED);
    const other = await vault.person("other-breaker", "break-glass");
    expect(await outcome(vault.assume(other, "break-glass", device))).toBe(DENIED);
  });
});

describe("the writer", () => {
  it("puts, locks, holds, reads back and signs, also in multipart uploads", async () => {
    const send = s3As(session.writer);
    expect(await send(locked())).toBe(WORKED);
    expect(await send(new GetObjectCommand({ Bucket: BUCKET, Key }))).toBe(WORKED);
    expect(await send(hold(Key, "ON"))).toBe(WORKED);
    expect(await send(hold(Key, "OFF"))).toBe(WORKED);
    expect(await send(new ListObjectVersionsCommand({ Bucket: BUCKET, Prefix: "daily/" }))).toBe(WORKED);
    const Body = Buffer.alloc(11 << 20, 1);
    const params = { ...locked("daily/big").input, Body };
    expect(await outcome(new Upload({ client: vault.s3(session.writer), params }).done())).toBe(WORKED);
    const big = await vault.s3().send(new GetObjectRetentionCommand({ Bucket: BUCKET, Key: "daily/big" }));
    expect(big.Retention?.Mode).toBe("GOVERNANCE");
    const sign = new SignCommand({
      KeyId: vault.signingKeyArn,
      Message: Buffer.from("manifest"),
      SigningAlgorithm: "ECDSA_SHA_256",
    });
    expect(await outcome(vault.kms(session.writer).send(sign))).toBe(WORKED);
  });

  it("writes a key once, by S3's own check and by the policy's, in one request or in parts", async () => {
    const first = await put("daily/over");
    const send = s3As(session.writer);
    expect(await send(locked("daily/over"))).toBe("PreconditionFailed");
    const unconditional = { ...locked("daily/over").input, IfNoneMatch: undefined };
    expect(await send(new PutObjectCommand(unconditional))).toBe(DENIED);
    const parts = (params: PutObjectCommandInput) =>
      outcome(new Upload({ client: vault.s3(session.writer), params }).done());
    const Body = Buffer.alloc(11 << 20, 1);
    expect(await parts({ ...unconditional, Body })).toBe(DENIED);
    expect(await parts({ ...locked("daily/over").input, Body })).toBe("PreconditionFailed");
    expect(await parts({ ...locked("daily/over-in-parts").input, Body })).toBe(WORKED);
    const { Versions } = await vault.s3().send(new ListObjectVersionsCommand({ Bucket: BUCKET, Prefix: "daily/over" }));
    expect(Versions!.filter(({ Key: key }) => key === "daily/over").map((one) => one.VersionId)).toEqual([first]);
  });

  it("deletes nothing, hides nothing, lifts no lock, deletes no key", async () => {
    const VersionId = await put("daily/kept");
    const one = { Bucket: BUCKET, Key: "daily/kept" };
    const send = s3As(session.writer);
    expect(await send(new DeleteObjectCommand(one))).toBe(DENIED);
    expect(await send(new DeleteObjectCommand({ ...one, VersionId }))).toBe(DENIED);
    const bypass = { BypassGovernanceRetention: true };
    expect(await send(new DeleteObjectCommand({ ...one, VersionId, ...bypass }))).toBe(DENIED);
    const shorter = { Mode: "GOVERNANCE" as const, RetainUntilDate: inDays(1) };
    expect(await send(new PutObjectRetentionCommand({ ...one, Retention: shorter }))).toBe(DENIED);
    expect(await send(new PutObjectRetentionCommand({ ...one, Retention: shorter, ...bypass }))).toBe(DENIED);
    const end = new ScheduleKeyDeletionCommand({ KeyId: vault.keyArn });
    expect(await outcome(vault.kms(session.writer).send(end))).toMatch(/AccessDenied/);
  });

  it("writes only in the tiers, with the vault's key, and with no lock beyond the tier's", async () => {
    const send = s3As(session.writer);
    const plain = { Bucket: BUCKET, Key: "daily/x", Body: "x", IfNoneMatch: "*" };
    expect(await send(new PutObjectCommand({ ...plain, Key: "elsewhere/x" }))).toBe(DENIED);
    expect(await send(new PutObjectCommand({ ...plain, ServerSideEncryption: "AES256" }))).toBe(DENIED);
    const otherKey = { ServerSideEncryption: "aws:kms" as const, SSEKMSKeyId: vault.signingKeyArn };
    expect(await send(new PutObjectCommand({ ...plain, ...otherKey }))).toBe(DENIED);
    expect(await send(locked("daily/long", 40))).toBe(DENIED);
    expect(await send(locked("weekly/long", 40))).toBe(WORKED);
  });
});

describe.each(["reader", "restorer"] as const)("the %s", (role) => {
  it("lists, reads and gets the signer's public key", async () => {
    const VersionId = await put(`daily/read-by-${role}`);
    const send = s3As(session[role]);
    expect(await send(new ListObjectVersionsCommand({ Bucket: BUCKET }))).toBe(WORKED);
    expect(await send(new GetObjectCommand({ Bucket: BUCKET, Key: `daily/read-by-${role}`, VersionId }))).toBe(WORKED);
    const publicKey = new GetPublicKeyCommand({ KeyId: vault.signingKeyArn });
    expect(await outcome(vault.kms(session[role]).send(publicKey))).toBe(WORKED);
  });

  it("neither puts, holds, locks, deletes nor signs", async () => {
    const VersionId = await put(`daily/closed-to-${role}`);
    const one = { Bucket: BUCKET, Key: `daily/closed-to-${role}` };
    const send = s3As(session[role]);
    expect(await send(locked("daily/forged"))).toBe(DENIED);
    expect(await send(hold(one.Key, "OFF"))).toBe(DENIED);
    const Retention = { Mode: "GOVERNANCE" as const, RetainUntilDate: inDays(30) };
    expect(await send(new PutObjectRetentionCommand({ ...one, Retention }))).toBe(DENIED);
    expect(await send(new DeleteObjectCommand({ ...one, VersionId }))).toBe(DENIED);
    const message = { KeyId: vault.signingKeyArn, Message: Buffer.from("forged") };
    const sign = new SignCommand({ ...message, SigningAlgorithm: "ECDSA_SHA_256" });
    expect(await outcome(vault.kms(session[role]).send(sign))).toMatch(/AccessDenied/);
    const verify = new VerifyCommand({
      ...message,
      SigningAlgorithm: "ECDSA_SHA_256",
      Signature: Buffer.from("MAYCAQECAQE=", "base64"),
    });
    const verified = await outcome(vault.kms(session[role]).send(verify));
    if (role === "reader") expect(verified).toMatch(/AccessDenied/);
    else expect(verified).toBe("KMSInvalidSignatureException");
  });
});

it("the restorer writes the recovery log, each line once, and nothing else", async () => {
  const line = { Bucket: BUCKET, Key: "recovery-log/1.json", Body: "restored", IfNoneMatch: "*" };
  const send = s3As(session.restorer);
  expect(await send(new PutObjectCommand(line))).toBe(WORKED);
  expect(await send(new PutObjectCommand(line))).toBe("PreconditionFailed");
  expect(await send(new GetObjectCommand({ Bucket: BUCKET, Key: line.Key }))).toBe(WORKED);
  expect(await s3As(session.writer)(new PutObjectCommand({ ...line, Key: "recovery-log/2.json" }))).toBe(DENIED);
});

describe("a scheduled run", () => {
  it("writes backups as the writer does, but no log", async () => {
    const runner = await vault.runner();
    const send = s3As(runner);
    expect(await send(locked("daily/run"))).toBe(WORKED);
    const log = { Bucket: BUCKET, Key: "recovery-log/3.json", Body: "x", IfNoneMatch: "*" };
    expect(await send(new PutObjectCommand(log))).toBe(DENIED);
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
    const one = { Bucket: BUCKET, Key: "daily/burn" };
    await vault.s3(session.writer).send(hold(one.Key, "ON"));
    const send = s3As(session.breakGlass);
    expect(await send(new GetObjectCommand(one))).toBe(DENIED);
    expect(await send(locked("daily/forged"))).toBe(DENIED);
    const burn = { ...one, VersionId, BypassGovernanceRetention: true };
    expect(await send(new DeleteObjectCommand(burn))).toBe(DENIED); // Still held.
    expect(await send(hold(one.Key, "OFF"))).toBe(WORKED);
    expect(await send(new DeleteObjectCommand({ ...one, VersionId }))).toBe(DENIED); // Still locked.
    expect(await send(new DeleteObjectCommand(burn))).toBe(WORKED);
  });
});

describe("an administrator who is not a deployer", () => {
  it("writes nothing, holds nothing, and replicates nothing into the vault", async () => {
    await put("daily/held");
    const send = s3As(admin);
    const object = { Bucket: BUCKET, Key: "daily/held" };
    expect(await send(locked("daily/forged"))).toBe(DENIED);
    expect(await send(new PutObjectCommand({ ...object, Body: "garbage" }))).toBe(DENIED);
    expect(await send(new PutObjectCommand({ ...object, Key: "elsewhere/x", Body: "x", IfNoneMatch: "*" }))).toBe(
      DENIED,
    );
    expect(await send(hold(object.Key, "OFF"))).toBe(DENIED);
  });

  it("deletes no version, lifts no lock, and changes nothing of the vault's protection", async () => {
    const VersionId = await put("daily/admin");
    const send = s3As(admin);
    const one = { Bucket: BUCKET, Key: "daily/admin", VersionId };
    expect(await send(new DeleteObjectCommand({ ...one, BypassGovernanceRetention: true }))).toBe(DENIED);
    const bucket = { Bucket: BUCKET };
    const changes = [
      new PutBucketLifecycleConfigurationCommand({ ...bucket, LifecycleConfiguration: { Rules: [LIFECYCLE] } }),
      new DeleteBucketLifecycleCommand(bucket),
      new PutObjectLockConfigurationCommand({
        ...bucket,
        ObjectLockConfiguration: { ObjectLockEnabled: "Enabled" },
      }),
      new PutBucketVersioningCommand({ ...bucket, VersioningConfiguration: { Status: "Suspended" } }),
      new DeleteBucketPolicyCommand(bucket),
    ];
    for (const change of changes) expect(await send(change)).toBe(DENIED);
    const end = new ScheduleKeyDeletionCommand({ KeyId: vault.keyArn });
    expect(await outcome(vault.kms(admin).send(end))).toMatch(/AccessDenied/);
  });

  it("may change the protection as a deployer, but deletes no version", async () => {
    const send = s3As(await vault.deployer());
    const rules = { LifecycleConfiguration: { Rules: [LIFECYCLE] } };
    expect(await send(new PutBucketLifecycleConfigurationCommand({ Bucket: BUCKET, ...rules }))).toBe(WORKED);
    const one = { Bucket: BUCKET, Key: "daily/admin", VersionId: await newestVersion("daily/admin") };
    expect(await send(new DeleteObjectCommand({ ...one, BypassGovernanceRetention: true }))).toBe(DENIED);
    expect(await send(locked("daily/by-deployer"))).toBe(DENIED);
    const log = { Bucket: BUCKET, Key: "recovery-log/by-up.json", Body: "x", IfNoneMatch: "*" };
    expect(await send(new PutObjectCommand(log))).toBe(WORKED);
  });

  it("never disables or deletes a key, deployer or not; only break-glass does", async () => {
    const KeyId = vault.keyArn;
    const deployer = await vault.deployer();
    for (const credentials of [admin, deployer]) {
      const kms = vault.kms(credentials);
      expect(await outcome(kms.send(new DisableKeyCommand({ KeyId })))).toMatch(/AccessDenied/);
      expect(await outcome(kms.send(new ScheduleKeyDeletionCommand({ KeyId })))).toMatch(/AccessDenied/);
    }
    const breaking = vault.kms(session.breakGlass);
    expect(await outcome(breaking.send(new ScheduleKeyDeletionCommand({ KeyId })))).toBe(WORKED);
    expect(await outcome(breaking.send(new CancelKeyDeletionCommand({ KeyId })))).toBe(WORKED);
    expect(await outcome(breaking.send(new EnableKeyCommand({ KeyId })))).toBe(WORKED);
  });
});

describe("the replica", () => {
  it("has its source's lock, and follows its hold", async () => {
    const one = { Key: "daily/followed" };
    const put = locked(one.Key);
    await vault.s3(session.writer).send(put);
    const there = vault.s3(undefined, STANDBY.region);
    const lock = await there.send(new GetObjectRetentionCommand({ Bucket: REPLICA, ...one }));
    expect(lock.Retention?.RetainUntilDate).toEqual(put.input.ObjectLockRetainUntilDate);
    for (const Status of ["ON", "OFF"] as const) {
      await vault.s3(session.writer).send(hold(one.Key, Status));
      const held = await there.send(new GetObjectLegalHoldCommand({ Bucket: REPLICA, ...one }));
      expect(held.LegalHold?.Status).toBe(Status);
    }
  });
});

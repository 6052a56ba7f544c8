import { request } from "node:http";
import { join } from "node:path";
import { Readable } from "node:stream";

import { KMS } from "@aws-sdk/client-kms";
import { S3 } from "@aws-sdk/client-s3";
import { STS } from "@aws-sdk/client-sts";
import { Upload } from "@aws-sdk/lib-storage";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

import { gatewaySecret, RegionGateway } from "../../../../lab/sandbox/aws/gateway.ts";
import { startMinistack } from "../../../../lab/sandbox/aws/ministack.ts";
import { Supervisor } from "../../../../lab/sandbox/host/supervisor.ts";
import { freePorts, isFree } from "../../../../services/common/ports.ts";
import { makeTestFolder } from "../../../support/folder.ts";
import { replicationInto } from "../support/replication.ts";

const KEY = { accessKeyId: "AKIASANDBOXKEY000001", secretAccessKey: "sec/ret+key" };
const TOKYO = "ap-northeast-1";
const OSAKA = "ap-northeast-3";
let now = () => new Date();
let folder: Awaited<ReturnType<typeof makeTestFolder>>;
let supervisor: Supervisor;
let upstreamPort: number;
let tokyo: RegionGateway;
let osaka: RegionGateway;
const ports: Record<string, number> = {};

beforeAll(async () => {
  folder = await makeTestFolder();
  supervisor = new Supervisor(join(folder.path, "processes.json"));
  [upstreamPort, ports[TOKYO], ports[OSAKA]] = (await freePorts(3)) as [number, number, number];
  const shared = { upstreamPort, ...KEY, clock: () => now() };
  tokyo = new RegionGateway({ ...shared, region: TOKYO, port: ports[TOKYO] });
  osaka = new RegionGateway({ ...shared, region: OSAKA, port: ports[OSAKA] });
  await Promise.all([startUpstream(), tokyo.open(), osaka.open()]);
});

afterAll(async () => {
  await Promise.all([tokyo.close(), osaka.close(), supervisor.stopAll()]);
  await folder.remove();
});

const startUpstream = () =>
  startMinistack({
    dataDir: join(folder.path, "aws"),
    port: upstreamPort,
    accessKeyId: KEY.accessKeyId,
    gatewaySecret: gatewaySecret(KEY.secretAccessKey),
    log: join(folder.path, "ministack.log"),
    onSpawn: (pid) => supervisor.add("ministack", pid, { stopSignal: "SIGTERM", group: true }),
  });

/** Settings of a client that signs for `region` and uses the endpoint of `endpointOf`. */
const settings = (region: string, endpointOf = region, credentials = KEY) => ({
  region,
  endpoint: `http://127.0.0.1:${ports[endpointOf]}`,
  credentials,
  maxAttempts: 1,
  forcePathStyle: true,
});
const s3 = (...of: Parameters<typeof settings>) => new S3(settings(...of));
const kms = (...of: Parameters<typeof settings>) => new KMS(settings(...of));
const failure = async (work: Promise<unknown>) =>
  work.then(
    () => "it worked",
    (error: unknown) => {
      const { name, $metadata } = error as { name: string; $metadata?: { httpStatusCode?: number } };
      return `${$metadata?.httpStatusCode} ${name}`;
    },
  );

describe("ministack's own port", () => {
  /** Asks it for the caller's identity, as a page in a browser or another user of this machine could. */
  const asked = (headers: Record<string, string>, accessKeyId = KEY.accessKeyId) =>
    new Promise<number | undefined>((resolve, reject) => {
      const scope = `Credential=${accessKeyId}/20260701/${TOKYO}/sts/aws4_request, SignedHeaders=host, Signature=00`;
      const authorization = `AWS4-HMAC-SHA256 ${scope}`;
      const type = { "content-type": "application/x-www-form-urlencoded" };
      const wanted = { host: "127.0.0.1", port: upstreamPort, method: "POST", path: "/" };
      request({ ...wanted, headers: { ...type, authorization, ...headers } }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      })
        .once("error", reject)
        .end("Action=GetCallerIdentity&Version=2011-06-15");
    });

  it("refuses what no gateway has passed on", async () => {
    for (const key of [KEY.accessKeyId, "test", "123456789012", ""]) expect(await asked({}, key)).toBe(403);
    expect(await asked({ "x-castchat-gateway": "guessed" })).toBe(403);
    expect(await asked({ "x-castchat-gateway": gatewaySecret(KEY.secretAccessKey) })).toBe(200);
  });

  it("refuses another host, and any root key but the sandbox's", async () => {
    const admitted = { "x-castchat-gateway": gatewaySecret(KEY.secretAccessKey) };
    expect(await asked({ ...admitted, host: `evil.example:${upstreamPort}` })).toBe(403);
    for (const key of ["test", "123456789012"]) expect(await asked(admitted, key)).toBe(400);
  });
});

describe("credentials", () => {
  it("accepts the account's key", async () => {
    const identity = await new STS(settings(TOKYO)).getCallerIdentity({});
    expect(identity.Account).toBe("000000000000");
  });

  const UNKNOWN = ["403 InvalidAccessKeyId", "400 UnrecognizedClientException"];
  it.each([
    ["an unknown key", { accessKeyId: "AKIAUNKNOWN000000000", secretAccessKey: "x" }, UNKNOWN],
    ["the emulator's own test key", { accessKeyId: "test", secretAccessKey: "test" }, UNKNOWN],
    ["an account number", { accessKeyId: "123456789012", secretAccessKey: "x" }, UNKNOWN],
    [
      "a wrong secret",
      { ...KEY, secretAccessKey: "wrong" },
      ["403 SignatureDoesNotMatch", "400 InvalidSignatureException"],
    ],
  ])("refuses %s", async (_name, credentials, errors) => {
    const buckets = await failure(s3(TOKYO, TOKYO, credentials).listBuckets({}));
    const keys = await failure(kms(TOKYO, TOKYO, credentials).listKeys({}));
    expect([buckets, keys]).toEqual(errors);
  });

  it("refuses a request without a signature, and one that was changed on its way", async () => {
    expect((await fetch(`http://127.0.0.1:${ports[TOKYO]}/`)).status).toBe(403);
    const client = s3(TOKYO);
    client.middlewareStack.add(
      (next) => (args) => {
        (args.request as { path: string }).path = "/another-bucket";
        return next(args);
      },
      { step: "finalizeRequest", priority: "low" },
    );
    expect(await failure(client.listObjectsV2({ Bucket: "one-bucket" }))).toBe("403 SignatureDoesNotMatch");
  });

  it("refuses an old request", async () => {
    now = () => new Date(Date.now() + 16 * 60_000);
    try {
      expect(await failure(s3(TOKYO).listBuckets({}))).toBe("403 RequestTimeTooSkewed");
    } finally {
      now = () => new Date();
    }
  });
});

describe("regions", () => {
  it("refuses a request that is signed for another region", async () => {
    expect(await failure(s3(OSAKA, TOKYO).listBuckets({}))).toBe("400 AuthorizationHeaderMalformed");
    expect(await failure(kms(OSAKA, TOKYO).listKeys({}))).toBe("400 InvalidSignatureException");
  });

  it("keeps buckets and keys in their region", async () => {
    await createBucket("regional", TOKYO);
    expect(await failure(s3(OSAKA).listObjectsV2({ Bucket: "regional" }))).toBe("301 PermanentRedirect");
    const { KeyMetadata } = await kms(TOKYO).createKey({});
    expect(await failure(kms(OSAKA).getPublicKey({ KeyId: KeyMetadata!.KeyId }))).toBe("400 NotFoundException");
  });
});

const createBucket = (bucket: string, region: string) =>
  s3(region).createBucket({
    Bucket: bucket,
    ObjectLockEnabledForBucket: true,
    CreateBucketConfiguration: { LocationConstraint: region as "ap-northeast-1" | "ap-northeast-3" },
  });

describe("a vault's life", () => {
  const locked = { Bucket: "vault-prod", Key: "daily/日本 +&.txt" };
  const replica = { ...locked, Bucket: "vault-dr" };
  let keyId: string;

  it("replicates from Tokyo to Osaka, streams large objects, refuses to delete a locked object, signs", async () => {
    await createBucket(locked.Bucket, TOKYO);
    await createBucket(replica.Bucket, OSAKA);
    await s3(TOKYO).putBucketReplication({
      Bucket: locked.Bucket,
      ReplicationConfiguration: replicationInto("arn:aws:s3:::vault-dr"),
    });
    const { VersionId } = await s3(TOKYO).putObject({
      ...locked,
      Body: "hello",
      ChecksumAlgorithm: "SHA256",
      ObjectLockMode: "GOVERNANCE",
      ObjectLockRetainUntilDate: new Date(Date.now() + 60_000),
    });
    const replicated = await s3(OSAKA).getObject(replica);
    expect(await replicated.Body!.transformToString()).toBe("hello");
    expect(await failure(s3(TOKYO).deleteObject({ ...locked, VersionId }))).toBe("403 AccessDenied");

    const body = Readable.from(Array.from({ length: 12 }, (_, index) => Buffer.alloc(1 << 20, index)));
    await new Upload({
      client: s3(TOKYO),
      params: { ...locked, Key: "big", Body: body, ChecksumAlgorithm: "SHA256" },
    }).done();
    const big = await s3(OSAKA).getObject({ ...replica, Key: "big" });
    const bytes = await big.Body!.transformToByteArray();
    expect(bytes.length).toBe(12 << 20);
    expect(bytes[5 << 20]).toBe(5);

    const { KeyMetadata } = await kms(TOKYO).createKey({ KeySpec: "ECC_NIST_P256", KeyUsage: "SIGN_VERIFY" });
    keyId = KeyMetadata!.KeyId!;
    const signing = { KeyId: keyId, Message: Buffer.from("manifest"), SigningAlgorithm: "ECDSA_SHA_256" } as const;
    const { Signature } = await kms(TOKYO).sign(signing);
    const verified = await kms(TOKYO).verify({ ...signing, Signature });
    expect(verified.SignatureValid).toBe(true);
  });

  it("refuses an upload whose checksum is wrong", async () => {
    const wrong = { ...locked, Key: "x", Body: "hello", ChecksumSHA256: `${"A".repeat(43)}=` };
    expect(await failure(s3(TOKYO).putObject(wrong))).toBe("400 BadDigest");
  });

  it("loses only the region in an outage", async () => {
    await tokyo.close();
    expect(await isFree(ports[TOKYO]!)).toBe(true);
    await expect(s3(TOKYO).listBuckets({})).rejects.toThrow();
    expect((await s3(OSAKA).headObject(replica)).ContentLength).toBe(5);
    await tokyo.open();
    await s3(TOKYO).listBuckets({});
  });

  it("survives a restart of the emulator, during which the region answers 503", async () => {
    await supervisor.stop("ministack");
    expect(await failure(s3(TOKYO).listBuckets({}))).toBe("503 ServiceUnavailable");
    await startUpstream();
    const retention = await s3(TOKYO).getObjectRetention(locked);
    expect(retention.Retention?.Mode).toBe("GOVERNANCE");
    expect((await s3(TOKYO).getBucketVersioning({ Bucket: locked.Bucket })).Status).toBe("Enabled");
    expect((await kms(TOKYO).getPublicKey({ KeyId: keyId })).KeySpec).toBe("ECC_NIST_P256");
  });
});

import { IAM } from "@aws-sdk/client-iam";
import { KMS } from "@aws-sdk/client-kms";
import { S3 } from "@aws-sdk/client-s3";
import { STS } from "@aws-sdk/client-sts";

import { accountRoot, policyDocument } from "../../../../components/policyDocument.ts";
import { bucketPolicy, keyPolicy } from "../../../../components/vaultPolicies.ts";
import { vaultRolePermissions, vaultRoleTrust } from "../../../../components/vaultRolePolicies.ts";
import { RegionGateway } from "../../../../lab/sandbox/aws/gateway.ts";
import {
  scheduleRoleArn,
  scheduleRoleName,
  type Site,
  VAULT_ROLE_PURPOSES,
  vaultBucketArn,
  vaultBucketName,
  vaultRoleArn,
  vaultRoleName,
  type VaultRolePurpose,
  vaultRoleTag,
} from "../../../../planning/names.ts";
import { TIERS } from "../../../../planning/tiers.ts";
import { freePort } from "../../../../services/common/ports.ts";
import { makeTestFolder } from "../../../support/folder.ts";
import { startMinistackProcess } from "./ministackProcess.ts";
import { replicationInto } from "./replication.ts";

/** Access to AWS: a user's or a session's. */
export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

const ROOT: Credentials = { accessKeyId: "AKIASANDBOXIAM000001", secretAccessKey: "iam-root-secret" };
const TOKYO = "ap-northeast-1";
export const SITE: Site = { project: "castchat-recovery", role: "primary", accountId: "000000000000", region: TOKYO };
export const STANDBY: Site = { ...SITE, role: "standby", region: "ap-northeast-3" };
export const BUCKET = vaultBucketName(SITE);
export const REPLICA = vaultBucketName(STANDBY);
/** An administrator's policy. */
export const ALL_RIGHTS = [{ Effect: "Allow", Action: "*", Resource: "*" }];
const DEPLOYER_USER = `arn:aws:iam::${SITE.accountId}:user/deployer`;

/** A vault with the policies and roles that the program declares, in the sandbox's AWS with IAM enabled. */
export class VaultWithRoles {
  #stops: (() => unknown)[] = [];
  #ports: Record<string, number> = {};
  #deployer: Promise<Credentials> | undefined;
  keyArn = "";
  signingKeyArn = "";

  async start(): Promise<this> {
    const folder = await makeTestFolder();
    const { pid, port: upstreamPort } = await startMinistackProcess(folder.path, ROOT.accessKeyId);
    this.#stops.push(
      () => folder.remove(),
      () => process.kill(-pid, "SIGKILL"),
    );
    for (const { region } of [SITE, STANDBY]) {
      const port = await freePort();
      const gateway = new RegionGateway({ region, port, upstreamPort, ...ROOT, clock: () => new Date() });
      await gateway.open();
      this.#ports[region] = port;
      this.#stops.push(() => gateway.close());
    }
    await this.#makeKeys();
    await this.#makeBuckets();
    await this.#makeRoles();
    return this;
  }

  async stop(): Promise<void> {
    for (const stop of this.#stops.reverse()) await stop();
  }

  /** The address of the primary's region. */
  get endpoint(): string {
    return `http://127.0.0.1:${this.#ports[TOKYO]}`;
  }

  s3(credentials: Credentials = ROOT, region = TOKYO): S3 {
    return new S3({ ...this.#client(credentials, region), forcePathStyle: true });
  }

  kms(credentials: Credentials = ROOT): KMS {
    return new KMS(this.#client(credentials, TOKYO));
  }

  get #iam(): IAM {
    return new IAM(this.#client(ROOT, TOKYO));
  }

  /** A request to sign or verify a text with the signing key. */
  signing(text: string) {
    return { KeyId: this.signingKeyArn, Message: Buffer.from(text), SigningAlgorithm: "ECDSA_SHA_256" as const };
  }

  /** A new IAM user with the given policy statements and tags. */
  async user(name: string, statements: object[], tags: Record<string, string> = {}): Promise<Credentials> {
    const iam = this.#iam;
    const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
    await iam.createUser({ UserName: name, Tags });
    const PolicyDocument = JSON.stringify(policyDocument(statements as Record<string, unknown>[]));
    await iam.putUserPolicy({ UserName: name, PolicyName: "own", PolicyDocument });
    const { AccessKey } = await iam.createAccessKey({ UserName: name });
    return { accessKeyId: AccessKey!.AccessKeyId!, secretAccessKey: AccessKey!.SecretAccessKey! };
  }

  /** A user who may assume a purpose's role, by its tag. */
  person(name: string, purpose: VaultRolePurpose, tagged = true): Promise<Credentials> {
    const mayAssume = { Effect: "Allow", Action: "sts:AssumeRole", Resource: vaultRoleArn(SITE, purpose) };
    return this.user(name, [mayAssume], tagged ? { [vaultRoleTag(SITE.project, purpose)]: "true" } : {});
  }

  /** The user whom the policies name as deployer, with all rights; created once. */
  deployer(): Promise<Credentials> {
    this.#deployer ??= this.user("deployer", ALL_RIGHTS);
    return this.#deployer;
  }

  /** A session of a role with the scheduled runs' role name and the writer's rights (simulated: CodeBuild assumes it). */
  async runner(): Promise<Credentials> {
    const runs = await this.user("runs", [{ Effect: "Allow", Action: "sts:AssumeRole", Resource: "*" }]);
    const trust = { Effect: "Allow", Principal: { AWS: accountRoot(SITE) }, Action: "sts:AssumeRole" };
    await this.#makeRole(scheduleRoleName(SITE, "runner"), policyDocument([trust]), "writer");
    return await this.#assume(runs, scheduleRoleArn(SITE, "runner"));
  }

  /** Gives a user an MFA device. Returns its serial number. */
  async mfaDevice(user: string): Promise<string> {
    const iam = this.#iam;
    const made = await iam.createVirtualMFADevice({ VirtualMFADeviceName: user });
    const SerialNumber = made.VirtualMFADevice!.SerialNumber!;
    const codes = { AuthenticationCode1: "123456", AuthenticationCode2: "654321" };
    await iam.enableMFADevice({ UserName: user, SerialNumber, ...codes });
    return SerialNumber;
  }

  /** Assumes a role; with a device's serial number, also sends a code of it. */
  async assume(by: Credentials, purpose: VaultRolePurpose, SerialNumber?: string): Promise<Credentials> {
    return await this.#assume(by, vaultRoleArn(SITE, purpose), SerialNumber);
  }

  async #assume(by: Credentials, RoleArn: string, SerialNumber?: string): Promise<Credentials> {
    const { Credentials: given } = await new STS(this.#client(by, TOKYO)).assumeRole({
      RoleArn,
      RoleSessionName: "test",
      ...(SerialNumber !== undefined && { SerialNumber, TokenCode: "123456" }),
    });
    return {
      accessKeyId: given!.AccessKeyId!,
      secretAccessKey: given!.SecretAccessKey!,
      sessionToken: given!.SessionToken!,
    };
  }

  #client(credentials: Credentials, region: string) {
    return { region, credentials, endpoint: `http://127.0.0.1:${this.#ports[region]}`, maxAttempts: 1 };
  }

  async #makeKeys(): Promise<void> {
    const kms = this.kms();
    const policy = JSON.stringify(keyPolicy({ site: SITE, deployerArns: [DEPLOYER_USER] }));
    const key = await kms.createKey({ Policy: policy });
    const signing = await kms.createKey({ KeySpec: "ECC_NIST_P256", KeyUsage: "SIGN_VERIFY" });
    this.keyArn = key.KeyMetadata!.Arn!;
    this.signingKeyArn = signing.KeyMetadata!.Arn!;
  }

  async #makeBuckets(): Promise<void> {
    for (const site of [STANDBY, SITE]) {
      await this.s3(ROOT, site.region).createBucket({
        Bucket: vaultBucketName(site),
        ObjectLockEnabledForBucket: true,
        CreateBucketConfiguration: { LocationConstraint: site.region as "ap-northeast-1" },
      });
    }
    const s3 = this.s3();
    const byDefault = { SSEAlgorithm: "aws:kms" as const, KMSMasterKeyID: this.keyArn };
    const Rules = [{ ApplyServerSideEncryptionByDefault: byDefault, BucketKeyEnabled: true }];
    await s3.putBucketEncryption({ Bucket: BUCKET, ServerSideEncryptionConfiguration: { Rules } });
    const ReplicationConfiguration = replicationInto(vaultBucketArn(STANDBY));
    await s3.putBucketReplication({ Bucket: BUCKET, ReplicationConfiguration });
    await s3.putBucketLifecycleConfiguration({ Bucket: BUCKET, LifecycleConfiguration: { Rules: [LIFECYCLE] } });
    const policy = bucketPolicy({ site: SITE, tiers: TIERS, deployerArns: [DEPLOYER_USER] });
    await s3.putBucketPolicy({ Bucket: BUCKET, Policy: JSON.stringify(policy) });
  }

  async #makeRoles(): Promise<void> {
    for (const purpose of VAULT_ROLE_PURPOSES) {
      await this.#makeRole(vaultRoleName(SITE, purpose), vaultRoleTrust(SITE, purpose), purpose);
    }
  }

  async #makeRole(RoleName: string, trust: object, rightsOf: VaultRolePurpose): Promise<void> {
    const iam = this.#iam;
    await iam.createRole({ RoleName, AssumeRolePolicyDocument: JSON.stringify(trust) });
    const { keyArn, signingKeyArn } = this;
    const scope = { site: SITE, tiers: TIERS, bucketArn: vaultBucketArn(SITE), keyArn, signingKeyArn };
    const PolicyDocument = JSON.stringify(vaultRolePermissions(rightsOf, scope));
    await iam.putRolePolicy({ RoleName, PolicyName: "rights", PolicyDocument });
  }
}

/** Any rule: the test is about the right to change it. */
export const LIFECYCLE = {
  ID: "daily",
  Status: "Enabled",
  Filter: { Prefix: "daily/" },
  Expiration: { Days: 30 },
} as const;

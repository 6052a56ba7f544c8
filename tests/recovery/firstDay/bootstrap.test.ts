import { randomBytes } from "node:crypto";

import { IAM } from "@aws-sdk/client-iam";
import { KMS } from "@aws-sdk/client-kms";
import { S3 } from "@aws-sdk/client-s3";
import { STS } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";

import {
  deployerRoleName,
  deployerTag,
  keyAlias,
  scheduleRoleArn,
  type Site,
  stateBucketName,
} from "../../../planning/names.ts";
import { bootstrap, type BootstrapOptions } from "../../../recovery/firstDay/bootstrap.ts";
import { secretsKeyPolicy, stateBucketPolicy, stateOwners } from "../../../recovery/firstDay/bootstrapPolicies.ts";
import { judge } from "../../../recovery/plan/iamPolicy.ts";
import { awsAccount } from "../../../services/aws/awsAccount.ts";
import { messageOf } from "../../../services/common/errors.ts";
import { startTestCloud, type TestCloud } from "../support/cloud.ts";

const ACCOUNT = "000000000000";
let cloud: TestCloud;
let place: { region: string; endpoint: string };
let clients: { s3: S3; kms: KMS; iam: IAM };
beforeAll(async () => {
  cloud = await startTestCloud();
  place = { region: cloud.region, endpoint: cloud.endpoint };
  clients = { s3: cloud.s3, kms: new KMS(place), iam: new IAM(place) };
});
afterAll(async () => {
  clients.kms.destroy();
  clients.iam.destroy();
  await cloud.stop();
});

let site: Site;
beforeEach(() => {
  // The account is shared, and the names derive from the project's.
  const project = `first-${randomBytes(3).toString("hex")}`;
  site = { project, role: "standby", accountId: ACCOUNT, region: cloud.region };
});

const run = (more: Partial<BootstrapOptions> = {}) =>
  bootstrap({ site, deployerArns: undefined, account: awsAccount(place), reporter: () => undefined, ...more });
const states = (result: Awaited<ReturnType<typeof run>>) =>
  result.foundations.map(({ done: { wasThere, changed } }) =>
    wasThere ? `there ${changed.join("; ")}`.trim() : "made",
  );
const refusal = (work: Promise<unknown>) => work.then(() => "went through", messageOf);
const own = () => ({ Bucket: stateBucketName(site) });
const alias = () => keyAlias(site, "secrets");
const RoleName = () => deployerRoleName(site);

/** Calls look to ministack as if they had come by TLS, as through a region's gateway. */
function overTls(client: S3): S3 {
  client.middlewareStack.add(
    (next) => (args) => {
      (args.request as { headers: Record<string, string> }).headers["x-forwarded-proto"] = "https";
      return next(args);
    },
    { step: "build" },
  );
  return client;
}

describe("bootstrap", () => {
  it("makes bucket, key and role, and finds all of them right the next time", async () => {
    const first = await run();
    expect(states(first)).toEqual(["made", "made", "made"]);
    expect(states(await run())).toEqual(["there", "there", "there"]);
    expect((await clients.s3.getBucketVersioning(own())).Status).toBe("Enabled");
    expect((await clients.s3.getPublicAccessBlock(own())).PublicAccessBlockConfiguration).toEqual({
      BlockPublicAcls: true,
      IgnorePublicAcls: true,
      BlockPublicPolicy: true,
      RestrictPublicBuckets: true,
    });
    expect(JSON.parse((await clients.s3.getBucketPolicy(own())).Policy!)).toEqual(
      stateBucketPolicy(site, stateOwners(site, undefined)),
    );
    const { KeyMetadata } = await clients.kms.describeKey({ KeyId: alias() });
    expect((await clients.kms.getKeyRotationStatus({ KeyId: KeyMetadata!.KeyId })).KeyRotationEnabled).toBe(true);
    expect(first).toMatchObject({
      backendUrl: `s3://${own().Bucket}?region=${cloud.region}&awssdk=v2`,
      secretsProvider: `awskms://${alias()}?region=${cloud.region}&awssdk=v2`,
      isOwner: true,
    });
  });

  it("continues after an interruption at each step, and makes no second key", async () => {
    const stop = new AbortController();
    const at = (step: string) => (message: string) => {
      if (message.startsWith(step)) stop.abort(new Error("stopped"));
    };
    expect(await refusal(run({ signal: stop.signal, reporter: at("Role") }))).toBe("stopped");
    expect(states(await run())).toEqual(["there", "made", "made"]);
    const { KeyMetadata } = await clients.kms.describeKey({ KeyId: alias() });
    await clients.kms.deleteAlias({ AliasName: alias() });
    expect(states(await run())).toEqual(["there", "there its alias", "there"]);
    expect((await clients.kms.describeKey({ KeyId: alias() })).KeyMetadata?.KeyId).toBe(KeyMetadata?.KeyId);
  });

  it("brings back what was changed by hand, and says so", async () => {
    await run();
    await clients.s3.putBucketVersioning({ ...own(), VersioningConfiguration: { Status: "Suspended" } });
    await clients.s3.deleteBucketPolicy(own());
    const rights = { RoleName: RoleName(), PolicyName: `standby-${cloud.region}` };
    await clients.iam.deleteRolePolicy(rights);
    expect(states(await run())).toEqual([
      `there its rights (standby-${cloud.region})`,
      "there",
      "there its versions; its policy",
    ]);
    expect(states(await run())).toEqual(["there", "there", "there"]);
  });

  it("gives the account's one role the rights of both stacks, and keeps its trust unless another is asked for", async () => {
    const arn = `arn:aws:iam::${ACCOUNT}:user/ci`;
    await run({ trusted: [arn] });
    const trust = async () =>
      decodeURIComponent((await clients.iam.getRole({ RoleName: RoleName() })).Role!.AssumeRolePolicyDocument!);
    expect(await trust()).toContain(arn);
    expect(states(await run({ site: { ...site, role: "primary" } }))[0]).toBe(
      `there its rights (primary-${cloud.region})`,
    );
    expect(await trust()).toContain(arn);
    const { PolicyNames } = await clients.iam.listRolePolicies({ RoleName: RoleName() });
    expect(PolicyNames?.sort()).toEqual([`primary-${cloud.region}`, `standby-${cloud.region}`]);
    expect(states(await run({ trusted: [] }))[0]).toBe("there who may assume it");
    expect(await trust()).not.toContain(arn);
  });

  it("refuses a bucket, a key and a role of others, and changes nothing of them", async () => {
    await clients.s3.createBucket(own());
    const ofBucket = await refusal(run());
    expect(ofBucket).toContain(`The bucket ${own().Bucket} is there already and does not have the tag`);
    expect((await clients.s3.getBucketVersioning(own())).Status).toBeUndefined();
    await expect(clients.s3.getBucketPolicy(own())).rejects.toThrow();

    site = { ...site, project: `${site.project}-k` };
    const { KeyMetadata } = await clients.kms.createKey({});
    await clients.kms.createAlias({ AliasName: alias(), TargetKeyId: KeyMetadata!.KeyId! });
    expect(await refusal(run())).toContain(`The key ${alias()} (${KeyMetadata!.Arn}) is there already`);
    expect((await clients.kms.getKeyRotationStatus({ KeyId: KeyMetadata!.KeyId })).KeyRotationEnabled).toBe(false);

    site = { ...site, project: `${site.project}-r` };
    await clients.iam.createRole({ RoleName: RoleName(), AssumeRolePolicyDocument: "{}" });
    expect(await refusal(run())).toContain(`The role ${RoleName()} is there already`);
    expect((await clients.iam.listRolePolicies({ RoleName: RoleName() })).PolicyNames).toEqual([]);
  });

  it("makes nothing in another account than the stack's", async () => {
    site = { ...site, accountId: "222222222222" };
    expect(await refusal(run())).toMatch(/credentials are of account 000000000000, but the stack is in 222222222222/);
    await expect(clients.s3.headBucket(own())).rejects.toThrow();
  });

  it("says when the caller may not use what it has made", async () => {
    const caller = (arn: string) => ({
      ...awsAccount(place),
      caller: () => Promise.resolve({ accountId: ACCOUNT, arn }),
    });
    const at = (arn: string) => run({ account: caller(arn) }).then(({ isOwner }) => isOwner);
    expect(await at(`arn:aws:iam::${ACCOUNT}:user/stranger`)).toBe(false);
    expect(await at(`arn:aws:sts::${ACCOUNT}:assumed-role/${RoleName()}/session`)).toBe(true);
    const administrator = "AWSReservedSSO_AdministratorAccess_0123456789abcdef";
    expect(await at(`arn:aws:sts::${ACCOUNT}:assumed-role/${administrator}/a@b.example`)).toBe(true);
  });
});

describe("the state of a stack", () => {
  it("is read by deployers and the stack's runs, and changed by deployers", () => {
    const policy = JSON.stringify(stateBucketPolicy(site, stateOwners(site, ["arn:aws:iam::000000000000:role/ci"])));
    const resource = `arn:aws:s3:::${own().Bucket}/.pulumi/stacks/x.json`;
    const refused = (principal: string) =>
      ["s3:GetObject", "s3:PutObject", "s3:DeleteObjectVersion"].filter(
        (action) =>
          judge([policy], { action, resource, principal, context: { "aws:SecureTransport": "true" } }) === "denied",
      );
    const role = (name: string) => `arn:aws:iam::${ACCOUNT}:role/${name}`;
    expect(refused(role(RoleName()))).toEqual([]);
    expect(refused(role("ci"))).toEqual([]);
    expect(refused(scheduleRoleArn(site, "runner"))).toEqual(["s3:PutObject", "s3:DeleteObjectVersion"]);
    expect(refused(role("administrator"))).toHaveLength(3);
    const key = JSON.stringify(secretsKeyPolicy(site, stateOwners(site, undefined)));
    const decrypts = (principal: string) =>
      judge([key], { action: "kms:Decrypt", resource: "*", principal, context: {} });
    expect(decrypts(role(RoleName()))).toBe("allowed");
    expect(decrypts(scheduleRoleArn(site, "runner"))).toBe("denied");
  });

  it("opens to a person with the tag as deployer, and not to another administrator", async () => {
    await run();
    const user = async (name: string, tags: Record<string, string>) => {
      const UserName = `${site.project}-${name}`;
      await clients.iam.createUser({ UserName, Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) });
      const PolicyDocument = JSON.stringify({
        Version: "2012-10-17",
        Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }],
      });
      await clients.iam.putUserPolicy({ UserName, PolicyName: "own", PolicyDocument });
      const { AccessKey } = await clients.iam.createAccessKey({ UserName });
      return { accessKeyId: AccessKey!.AccessKeyId!, secretAccessKey: AccessKey!.SecretAccessKey! };
    };
    const deployer = await user("deployer", { [deployerTag(site)]: "true" });
    const other = await user("other", {});
    const assume = async (credentials: typeof other) => {
      const RoleArn = `arn:aws:iam::${ACCOUNT}:role/${RoleName()}`;
      const answer = await new STS({ ...place, credentials }).assumeRole({ RoleArn, RoleSessionName: "test" });
      const { AccessKeyId = "", SecretAccessKey = "", SessionToken = "" } = answer.Credentials ?? {};
      return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken };
    };
    await expect(assume(other)).rejects.toThrow(/not authorized|AccessDenied/i);
    const session = await assume(deployer);
    const s3 = (credentials: typeof other) => overTls(new S3({ ...place, credentials, forcePathStyle: true }));
    const object = { ...own(), Key: ".pulumi/meta.yaml" };
    await s3(session).putObject({ ...object, Body: "version: 1" });
    await s3(session).getObject(object);
    await expect(s3(other).getObject(object)).rejects.toMatchObject({ name: "AccessDenied" });
    const Plaintext = Buffer.from("secret");
    const sealed = await new KMS({ ...place, credentials: session }).encrypt({ KeyId: alias(), Plaintext });
    const opening = new KMS({ ...place, credentials: other }).decrypt({ CiphertextBlob: sealed.CiphertextBlob });
    await expect(opening).rejects.toMatchObject({ name: "AccessDeniedException" });
  });
});

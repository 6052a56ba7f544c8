import { beforeAll, describe, expect, it } from "@jest/globals";

import { type Forgetting, forgetting } from "../../../recovery/pulumi/pulumiForget.ts";
import { retireVault } from "../../../recovery/vault/retire.ts";
import { silent } from "../../../services/common/reporter.ts";

const urn = (types: string, name: string) => `urn:pulumi:dr::castchat-recovery::${types}::${name}`;
const SITE = "castchat:index:StandbySite";
const VAULT = `${SITE}$castchat:index:BackupVault`;
const site = urn(SITE, "standby");
const vault = urn(VAULT, "vault");
const part = (type: string, name: string, more: object = {}, within = VAULT) => ({
  urn: urn(`${within}$${type}`, name),
  type,
  parent: vault,
  ...more,
});
const bucket = part("aws:s3/bucket:Bucket", "vault-bucket", { protect: true });
const key = part("aws:kms/key:Key", "vault-key", { protect: true });
const audit = `${VAULT}$castchat:index:AuditTrail`;

const state = (resources: object[], pending: object[] = []) =>
  JSON.stringify({ version: 3, deployment: { manifest: { time: "now" }, resources, pending_operations: pending } });
const resourcesIn = (text: string | undefined) =>
  (JSON.parse(text!) as { deployment: { resources: { urn: string; protect?: boolean }[] } }).deployment.resources;

/** What the retirement of a vault, of which nothing is left in AWS, asks to have forgotten. */
async function whatIsRetired(): Promise<Forgetting> {
  let asked: Forgetting | undefined;
  await retireVault({
    stack: "dr",
    bucket: { name: "vault", census: () => Promise.resolve(undefined), remove: () => Promise.resolve() },
    key: { arn: "arn:key", isAlive: () => Promise.resolve(false), end: () => Promise.resolve() },
    auditBucket: "audit",
    forget(what) {
      asked = what;
      return Promise.resolve(true);
    },
    confirm: () => Promise.resolve(),
    reporter: silent,
  });
  return asked!;
}

describe("what leaves a stack's state with its vault", () => {
  let retired: Forgetting;
  beforeAll(async () => {
    retired = await whatIsRetired();
  });
  const trail = part("aws:cloudtrail/trail:Trail", "trail", { protect: true, dependencies: [bucket.urn] }, audit);
  const role = part("aws:iam/role:Role", "writer", {
    dependencies: [bucket.urn, key.urn, site],
    propertyDependencies: { policy: [bucket.urn, site], name: null },
    deletedWith: bucket.urn,
  });
  const others = [
    { urn: site, type: SITE },
    { urn: vault, type: "castchat:index:BackupVault", parent: site },
    { urn: urn(`${SITE}$aws:s3/bucket:Bucket`, "code"), type: "aws:s3/bucket:Bucket", parent: site, protect: true },
    { urn: urn(`${SITE}$aws:kms/key:Key`, "signing"), type: "aws:kms/key:Key", parent: site, protect: true },
  ];
  const logs = part("aws:s3/bucketPolicy:BucketPolicy", "audit-policy", {}, audit);

  it("are bucket, key and the log bucket, with every reference to them; the trail is unprotected", () => {
    const after = resourcesIn(forgetting(state([...others, bucket, key, logs, trail, role]), retired));
    expect(after).toEqual([
      ...others,
      { ...trail, protect: false, dependencies: [] },
      {
        urn: role.urn,
        type: role.type,
        parent: vault,
        dependencies: [site],
        propertyDependencies: { policy: [site], name: null },
      },
    ]);
  });

  it("is nothing the second time", () => {
    expect(forgetting(state([...others, { ...trail, protect: false }, role]), retired)).toBeUndefined();
  });

  it("is nothing while a killed update is to be resumed", () => {
    const pending = [{ type: "creating", resource: bucket }];
    expect(() => forgetting(state([...others, bucket], pending), retired)).toThrow("castchat-recovery resume");
  });

  it("leaves no resource without its parent", () => {
    const child = { ...role, parent: bucket.urn };
    expect(() => forgetting(state([...others, bucket, child]), retired)).toThrow("would lose its parent");
  });
});

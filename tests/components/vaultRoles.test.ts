import { describe, expect, it } from "@jest/globals";

import type { PolicyDocument } from "../../components/policyDocument.ts";
import { vaultRolePermissions, vaultRoleTrust } from "../../components/vaultRolePolicies.ts";
import { VaultRoles } from "../../components/vaultRoles.ts";
import { VAULT_ROLE_PURPOSES, vaultRoleName } from "../../planning/names.ts";
import { TIERS } from "../../planning/tiers.ts";
import { named, registered } from "./mocks.ts";
import { OTHER_SITE as SITE } from "./siteArgs.ts";

const SCOPE = {
  site: SITE,
  tiers: TIERS,
  bucketArn: "arn:aws:s3:::vault",
  keyArn: "arn:aws:kms:x:2:key/vault",
  signingKeyArn: "arn:aws:kms:x:2:key/signing",
};
const actionsOf = ({ Statement }: PolicyDocument) =>
  Statement.filter(({ Effect }) => Effect === "Allow")
    .flatMap(({ Action }) => Action as string[])
    .sort();

/** tests/lab/sandbox/iam.test.ts shows what each role may not do. */
describe("VaultRoles", () => {
  it("makes a role of a derived name for each purpose, for an hour at most", async () => {
    const resources = await registered(() => new VaultRoles("roles", SCOPE));
    for (const purpose of VAULT_ROLE_PURPOSES) {
      expect(named(resources, `roles-${purpose}`).inputs).toMatchObject({
        name: `castchat-recovery-standby-${purpose}-ap-northeast-3`,
        assumeRolePolicy: JSON.stringify(vaultRoleTrust(SITE, purpose)),
        maxSessionDuration: 3600,
      });
      expect(named(resources, `roles-${purpose}-policy`).inputs).toEqual({
        name: purpose,
        role: `castchat-recovery-standby-${purpose}-ap-northeast-3`,
        policy: JSON.stringify(vaultRolePermissions(purpose, SCOPE)),
      });
      expect(vaultRoleName({ ...SITE, region: "ap-southeast-99" }, purpose).length).toBeLessThanOrEqual(64);
    }
  });
});

describe("vaultRoleTrust", () => {
  it("lets no service assume a role, also not the one that runs the schedule", () => {
    for (const purpose of VAULT_ROLE_PURPOSES)
      expect(vaultRoleTrust(SITE, purpose).Statement.map(({ Principal }) => Principal)).toEqual([
        { AWS: "arn:aws:iam::222222222222:root" },
      ]);
  });

  it("lets the account's people assume roles by tag or by list, break-glass only with MFA", () => {
    const age = { "aws:MultiFactorAuthAge": "3600" };
    const mfa = { Bool: { "aws:MultiFactorAuthPresent": "true" }, NumericLessThan: age };
    const listed = ["arn:aws:iam::222222222222:user/ann"];
    const { Statement } = vaultRoleTrust(SITE, "break-glass", listed);
    const own = { AWS: "arn:aws:iam::222222222222:root" };
    expect(Statement.map(({ Principal, Condition }) => [Principal, Condition])).toEqual([
      [own, { StringEquals: { "aws:PrincipalTag/castchat-recovery-break-glass": "true" }, ...mfa }],
      [own, { ArnLike: { "aws:PrincipalArn": listed }, ...mfa }],
    ]);
  });
});

describe("vaultRolePermissions", () => {
  const reading = [
    ...["kms:Decrypt", "kms:GetPublicKey", "s3:GetObject", "s3:GetObjectLegalHold", "s3:GetObjectRetention"],
    ...["s3:GetObjectVersion", "s3:ListBucket", "s3:ListBucketVersions"],
  ];
  it.each([
    ["reader", reading],
    // s3:GetObject a second time, for its log.
    ["restorer", [...reading, "kms:GenerateDataKey", "kms:Verify", "s3:GetObject", "s3:PutObject", "s3:RestoreObject"]],
    [
      "writer",
      [
        ...[...reading, "kms:GenerateDataKey", "kms:Sign"],
        ...["s3:AbortMultipartUpload", "s3:PutObject", "s3:PutObjectLegalHold", "s3:PutObjectRetention"],
      ],
    ],
    [
      "break-glass",
      [
        ...["CancelKeyDeletion", "DescribeKey", "DisableKey", "EnableKey", "ScheduleKeyDeletion"].map(
          (x) => `kms:${x}`,
        ),
        ...["s3:BypassGovernanceRetention", "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:GetObjectLegalHold"],
        ...["s3:GetObjectRetention", "s3:ListBucket", "s3:ListBucketVersions", "s3:PutObjectLegalHold"],
      ],
    ],
  ] as const)("gives the %s exactly these actions", (purpose, actions) => {
    const permissions = vaultRolePermissions(purpose, SCOPE);
    expect(actionsOf(permissions)).toEqual([...actions].sort());
    expect(permissions.Statement.map(({ Resource }) => Resource)).not.toContain("*");
  });

  it.each(VAULT_ROLE_PURPOSES)("refuses the %s to silence the trail, whatever else it is given", (purpose) => {
    const trail = "arn:aws:cloudtrail:ap-northeast-3:222222222222:trail/castchat-recovery-standby-vault";
    const silencing = ["DeleteTrail", "PutEventSelectors", "StopLogging", "UpdateTrail"];
    const refused = vaultRolePermissions(purpose, SCOPE).Statement.filter(({ Effect }) => Effect === "Deny");
    const actions = silencing.map((action) => `cloudtrail:${action}`);
    expect(refused).toEqual([{ Sid: "KeepsTheTrail", Effect: "Deny", Action: actions, Resource: trail }]);
  });

  it("lets the restorer write its log and nothing else", () => {
    const writing = vaultRolePermissions("restorer", SCOPE).Statement.filter(({ Action }) =>
      ([Action].flat() as string[]).some((action) => action.startsWith("s3:Put")),
    );
    const log = [["s3:GetObject", "s3:PutObject"], `${SCOPE.bucketArn}/recovery-log/*`];
    expect(writing.map(({ Action, Resource }) => [Action, Resource])).toEqual([log]);
  });

  it("lets the vault's key be used only through S3 in the region; break-glass deletes it, and never uses it", () => {
    const statements = VAULT_ROLE_PURPOSES.flatMap((purpose) => vaultRolePermissions(purpose, SCOPE).Statement);
    const onKey = statements.filter(({ Resource, Sid }) => Resource === SCOPE.keyArn && Sid !== "EndsTheKey");
    expect(onKey).toHaveLength(5);
    for (const { Condition } of onKey)
      expect(Condition).toEqual({ StringEquals: { "kms:ViaService": "s3.ap-northeast-3.amazonaws.com" } });
  });
});

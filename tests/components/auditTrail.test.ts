import { describe, expect, it } from "@jest/globals";

import { AuditTrail } from "../../components/auditTrail.ts";
import { documentOf, inventory, named, registered } from "./mocks.ts";
import { SITE } from "./siteArgs.ts";

const BUCKET = "castchat-recovery-primary-audit-111111111111-ap-northeast-1";
const declared = () => registered(() => new AuditTrail("audit", { site: SITE, keptDays: 1827 }));

describe("AuditTrail", () => {
  it("records every read and write of the vault's objects into a bucket of its own", async () => {
    const resources = await declared();
    expect(named(resources, "audit-trail").inputs).toEqual({
      name: "castchat-recovery-primary-vault",
      s3BucketName: BUCKET,
      enableLogFileValidation: true,
      includeGlobalServiceEvents: false,
      advancedEventSelectors: [
        {
          name: "The vault's objects",
          fieldSelectors: [
            { field: "eventCategory", equals: ["Data"] },
            { field: "resources.type", equals: ["AWS::S3::Object"] },
            {
              field: "resources.ARN",
              startsWiths: ["arn:aws:s3:::castchat-recovery-primary-vault-111111111111-ap-northeast-1/"],
            },
          ],
        },
      ],
    });
  });

  it("versions, encrypts and closes the log bucket, and keeps the logs as long as the longest tier", async () => {
    const resources = await declared();
    expect(inventory(resources).map((name) => name.split(" ")[1])).toEqual([
      ...["audit-trail", "audit-bucket", "audit-lifecycle", "audit-ownership", "audit-policy"],
      ...["audit-public-access", "audit-encryption", "audit-versioning", "audit"],
    ]);
    const rules = named(resources, "audit-lifecycle").inputs["rules"] as object[];
    const kept = { expiration: { days: 1827 }, noncurrentVersionExpiration: { noncurrentDays: 1827 } };
    expect(rules[0]).toMatchObject(kept);
    expect(named(resources, "audit-versioning").inputs["versioningConfiguration"]).toEqual({ status: "Enabled" });
    expect(named(resources, "audit-bucket").inputs).toEqual({ bucket: BUCKET });
  });

  it("lets only the trail write, and no principal delete", async () => {
    const trailArn = "arn:aws:cloudtrail:ap-northeast-1:111111111111:trail/castchat-recovery-primary-vault";
    const { Statement } = documentOf(await declared(), "audit-policy");
    const allowed = Statement.filter(({ Effect }) => Effect === "Allow");
    const fields = allowed.map((one) => [one["Principal"], one["Action"], one["Resource"], one["Condition"]]);
    const trail = { Service: "cloudtrail.amazonaws.com" };
    const mayWrite = { "aws:SourceArn": trailArn, "s3:x-amz-acl": "bucket-owner-full-control" };
    const bucket = `arn:aws:s3:::${BUCKET}`;
    expect(fields).toEqual([
      [trail, "s3:GetBucketAcl", bucket, { StringEquals: { "aws:SourceArn": trailArn } }],
      [trail, "s3:PutObject", `${bucket}/AWSLogs/111111111111/*`, { StringEquals: mayWrite }],
    ]);
    const denied = Statement.filter(({ Effect }) => Effect === "Deny").map(({ Sid }) => Sid);
    expect(denied).toEqual(["TlsOnly", "NobodyDeletes", "DeployerOnly"]);
  });
});

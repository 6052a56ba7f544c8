import { describe, expect, it } from "@jest/globals";

import {
  cloneUrl,
  drillName,
  keyAlias,
  recoveredDatabaseName,
  replicationRoleArn,
  replicationRoleName,
  type Site,
  vaultBucketArn,
  vaultBucketName,
} from "../../planning/names.ts";
import { SITE } from "../components/siteArgs.ts";

const OTHERS: Site[] = [
  { ...SITE, role: "standby" },
  { ...SITE, accountId: "222222222222" },
  { ...SITE, region: "ap-northeast-3" },
  { ...SITE, project: "other" },
];

describe("derived names", () => {
  it("are what the other stack expects", () => {
    expect(vaultBucketName(SITE)).toBe("castchat-recovery-primary-vault-111111111111-ap-northeast-1");
    expect(vaultBucketArn(SITE)).toBe("arn:aws:s3:::castchat-recovery-primary-vault-111111111111-ap-northeast-1");
    expect(keyAlias(SITE, "vault")).toBe("alias/castchat-recovery-primary-vault");
    expect(keyAlias(SITE, "signing")).toBe("alias/castchat-recovery-primary-signing");
    const role = "arn:aws:iam::111111111111:role/castchat-recovery-primary-replication-ap-northeast-1";
    expect(replicationRoleArn(SITE)).toBe(role);
  });

  it("differ for every part of a site that they must differ for", () => {
    for (const other of OTHERS) {
      expect(vaultBucketName(other)).not.toBe(vaultBucketName(SITE));
      expect(replicationRoleArn(other)).not.toBe(replicationRoleArn(SITE));
    }
  });

  it("fit into AWS's limits with the longest region", () => {
    const longest = { ...SITE, region: "ap-northeast-1" };
    expect(vaultBucketName(longest).length).toBeLessThanOrEqual(63);
    expect(replicationRoleName(longest).length).toBeLessThanOrEqual(64);
  });

  it("distinguish a recovery from a drill, and one generation from the next", () => {
    expect(recoveredDatabaseName("active", 2)).toBe("castchat-dr-g2");
    expect(recoveredDatabaseName("drill", 2)).toBe("castchat-drill-g2");
    expect(drillName("app.castchat.jp")).toBe("drill.app.castchat.jp");
  });

  it("clone from GitHub, or from the endpoint that replaces it", () => {
    expect(cloneUrl("castchat/castchat")).toBe("https://github.com/castchat/castchat.git");
    expect(cloneUrl("castchat/castchat", "http://127.0.0.1:1")).toBe("http://127.0.0.1:1/castchat/castchat.git");
  });
});

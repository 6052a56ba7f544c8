import type { StackValidationPolicy } from "@pulumi/policy";

import { PRIMARY_COMPONENT, VAULT_COMPONENT } from "../../stacks/vaults.ts";

const REPLICATION = "aws:s3/bucketReplicationConfig:BucketReplicationConfig";

/**
 * A primary's vault without a replica is lost together with its region. This is only a warning, because a primary may come up before there
 * is a standby (setting standbyVault "none"). `make policy` treats the warning as a violation.
 */
export const missingReplica: StackValidationPolicy = {
  name: "castchat-backup-vault-missing-replica",
  description: "A primary's backup vault should be replicated to a standby's.",
  enforcementLevel: "advisory",
  validateStack: ({ resources }, reportViolation) => {
    const vaults = resources.filter(
      ({ type, parent }) => type === VAULT_COMPONENT && parent?.type === PRIMARY_COMPONENT,
    );
    for (const vault of vaults) {
      const replicas = resources.filter(({ type, parent }) => type === REPLICATION && parent?.urn === vault.urn);
      if (replicas.some(({ props }) => hasEnabledRule(props))) continue;
      reportViolation(
        `The backup vault "${vault.name}" has no replica, so it is lost together with its region; bring up the standby and set ` +
          "standbyVaultBucketArn and standbyVaultKeyArn in place of standbyVault.",
        vault.urn,
      );
    }
  },
  remediationSteps:
    "Bring up the standby, then set standbyVaultBucketArn and standbyVaultKeyArn to its outputs vaultBucketArn and vaultKeyArn.",
};

function hasEnabledRule(props: Record<string, unknown>): boolean {
  const rules = (props["rules"] ?? []) as { status?: string }[];
  return rules.some(({ status }) => status === "Enabled");
}

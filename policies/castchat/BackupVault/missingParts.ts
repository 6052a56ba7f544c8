import type { StackValidationPolicy } from "@pulumi/policy";

import { VAULT_COMPONENT, VAULT_PARTS } from "../../stacks/vaults.ts";

/** The other policies check what is declared; this one finds what isn't. */
export const missingParts: StackValidationPolicy = {
  name: "castchat-backup-vault-missing-parts",
  description: "A stack must have a backup vault, and the vault all of its parts.",
  enforcementLevel: "mandatory",
  validateStack: ({ resources }, reportViolation) => {
    const vaults = resources.filter(({ type }) => type === VAULT_COMPONENT);
    if (vaults.length === 0) reportViolation("The stack must have a backup vault; declare a BackupVault component.");
    for (const vault of vaults) {
      const parts = new Set(resources.filter(({ parent }) => parent?.urn === vault.urn).map(({ type }) => type));
      for (const [, part] of Object.entries(VAULT_PARTS).filter(([type]) => !parts.has(type)))
        reportViolation(`The backup vault "${vault.name}" must have ${part}; declare it in the component.`, vault.urn);
    }
  },
  remediationSteps: "Declare the missing part in components/backupVault.ts.",
};

import { Role } from "@pulumi/aws/iam/role.js";
import { RolePolicy } from "@pulumi/aws/iam/rolePolicy.js";
import * as pulumi from "@pulumi/pulumi";

import { type Site, VAULT_ROLE_PURPOSES, vaultRoleName, type VaultRolePurpose } from "../planning/names.ts";
import type { Tier } from "../planning/tiers.ts";
import { SESSION_SECONDS, vaultRolePermissions, vaultRoleTrust } from "./vaultRolePolicies.ts";

/** People who may assume the vault's roles, by purpose: ARNs of the account's IAM users and roles, with * and ?. */
export type VaultPeople = Readonly<Partial<Record<VaultRolePurpose, readonly string[]>>>;

export interface VaultRolesArgs {
  /** The roles' site. Their names derive from it. */
  readonly site: Site;
  readonly tiers: readonly Tier[];
  readonly bucketArn: pulumi.Input<string>;
  readonly keyArn: pulumi.Input<string>;
  readonly signingKeyArn: pulumi.Input<string>;
  /** @default - principals with the role's tag (planning/names.ts, vaultRoleTag) */
  readonly people?: VaultPeople | undefined;
  readonly tags?: Record<string, string> | undefined;
}

const DESCRIPTIONS: Readonly<Record<VaultRolePurpose, string>> = {
  writer: "Takes backups: puts, locks, holds and signs, but neither deletes nor lifts a lock",
  reader: "Lists, reads and verifies backups",
  restorer: "Reads and verifies backups to restore them, and logs that it did",
  "break-glass": "Deletes what is locked, with MFA and for an hour; it can't read it",
};

/** The vault's roles for the schedule and for people, each with the least permissions for its purpose. */
export class VaultRoles extends pulumi.ComponentResource {
  readonly arns: Readonly<Record<VaultRolePurpose, pulumi.Output<string>>>;

  constructor(name: string, args: VaultRolesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("castchat:index:VaultRoles", name, {}, opts);
    const arns = VAULT_ROLE_PURPOSES.map((purpose) => [purpose, this.#createRole(name, purpose, args).arn] as const);
    this.arns = Object.fromEntries(arns) as Record<VaultRolePurpose, pulumi.Output<string>>;
    this.registerOutputs({ arns: this.arns });
  }

  #createRole(name: string, purpose: VaultRolePurpose, args: VaultRolesArgs): Role {
    const { site, tiers, people, tags } = args;
    const child = { parent: this };
    const role = new Role(
      `${name}-${purpose}`,
      {
        name: vaultRoleName(site, purpose),
        description: DESCRIPTIONS[purpose],
        assumeRolePolicy: JSON.stringify(vaultRoleTrust(site, purpose, people?.[purpose])),
        maxSessionDuration: SESSION_SECONDS,
        ...(tags && { tags }),
      },
      child,
    );
    const permissions = pulumi
      .all([args.bucketArn, args.keyArn, args.signingKeyArn])
      .apply(([bucketArn, keyArn, signingKeyArn]) =>
        JSON.stringify(vaultRolePermissions(purpose, { site, tiers, bucketArn, keyArn, signingKeyArn })),
      );
    new RolePolicy(`${name}-${purpose}-policy`, { name: purpose, role: role.name, policy: permissions }, child);
    return role;
  }
}

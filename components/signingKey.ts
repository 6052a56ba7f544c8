import { Alias } from "@pulumi/aws/kms/alias.js";
import { getPublicKeyOutput } from "@pulumi/aws/kms/getPublicKey.js";
import { Key } from "@pulumi/aws/kms/key.js";
import * as pulumi from "@pulumi/pulumi";

import { defaultDeployerArns, keyAlias, scheduleRoleArn, type Site, vaultRoleArn } from "../planning/names.ts";
import { deny, ownAccount, type PolicyDocument, policyDocument, unless } from "./policyDocument.ts";

export interface SigningKeyArgs {
  /** The key's site. Its alias derives from it. */
  readonly site: Site;
  /** The principals that may delete the key and change its policy: ARNs, with * and ?. @default - planning/names.ts, defaultDeployerArns */
  readonly deployerArns?: readonly string[] | undefined;
  /** Refuse to delete the key. @default true */
  readonly protect?: boolean;
  readonly tags?: Record<string, string>;
}

/**
 * The key with which a site signs its backups' manifests (ECDSA on P-256 with SHA-256). The private key never leaves KMS. The other site
 * pins the public key in its own settings (`trustedWriterKeys`), and verifies without AWS.
 */
export class SigningKey extends pulumi.ComponentResource {
  readonly keyArn: pulumi.Output<string>;
  /** The public key, as PEM. */
  readonly publicKeyPem: pulumi.Output<string>;

  constructor(name: string, args: SigningKeyArgs, opts?: pulumi.ComponentResourceOptions) {
    super("castchat:index:SigningKey", name, {}, opts);
    const { site, deployerArns, protect = true, tags } = args;

    const key = new Key(
      `${name}-key`,
      {
        description: `Signs the backups of the ${site.role} site of ${site.project}`,
        customerMasterKeySpec: "ECC_NIST_P256",
        keyUsage: "SIGN_VERIFY",
        deletionWindowInDays: 30,
        policy: JSON.stringify(signingKeyPolicy(site, deployerArns)),
        ...(tags && { tags }),
      },
      { parent: this, protect },
    );
    new Alias(`${name}-key-alias`, { name: keyAlias(site, "signing"), targetKeyId: key.keyId }, { parent: this });

    this.keyArn = key.arn;
    this.publicKeyPem = getPublicKeyOutput({ keyId: key.arn }, { parent: this }).publicKeyPem;
    this.registerOutputs({ keyArn: this.keyArn, publicKeyPem: this.publicKeyPem });
  }
}

/**
 * The key's policy. Only the vault's writer and the scheduled runs sign, whatever other rights a principal of the account has, because a
 * signature makes a backup that the other site restores. Only the deployers may disable or delete the key, or change its policy.
 *
 * @internal exported for tests
 */
export function signingKeyPolicy(
  site: Site,
  deployerArns: readonly string[] = defaultDeployerArns(site),
): PolicyDocument {
  const signers = [vaultRoleArn(site, "writer"), scheduleRoleArn(site, "runner")];
  const guarded = ["kms:DisableKey", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion"];
  return policyDocument([
    ownAccount(site),
    deny("SignersOnly", "*", "kms:Sign", unless(signers)),
    deny("DeployerOnly", "*", guarded, unless(deployerArns)),
  ]);
}

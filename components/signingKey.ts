import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

import { keyAlias, type Site } from "../planning/names.ts";

export interface SigningKeyArgs {
  /** Whose key it is; its alias derives from it. */
  readonly site: Site;
  /**
   * Refuse to delete the key.
   * @default true
   */
  readonly protect?: boolean;
  readonly tags?: Record<string, string>;
}

/**
 * The key that a site signs its backups' manifests with (ECDSA on P-256 with SHA-256). The private half never leaves KMS;
 * the other site pins the public half in its own settings (`trustedWriterKeys`) and verifies without AWS.
 */
export class SigningKey extends pulumi.ComponentResource {
  readonly keyArn: pulumi.Output<string>;
  /** The public half, as PEM. */
  readonly publicKeyPem: pulumi.Output<string>;

  constructor(name: string, args: SigningKeyArgs, opts?: pulumi.ComponentResourceOptions) {
    super("castchat:index:SigningKey", name, {}, opts);
    const { site, protect = true, tags } = args;

    const key = new aws.kms.Key(
      `${name}-key`,
      {
        description: `Signs the backups of the ${site.role} site of ${site.project}`,
        customerMasterKeySpec: "ECC_NIST_P256",
        keyUsage: "SIGN_VERIFY",
        deletionWindowInDays: 30,
        ...(tags && { tags }),
      },
      { parent: this, protect },
    );
    new aws.kms.Alias(
      `${name}-key-alias`,
      { name: keyAlias(site, "signing"), targetKeyId: key.keyId },
      { parent: this },
    );

    this.keyArn = key.arn;
    this.publicKeyPem = aws.kms.getPublicKeyOutput({ keyId: key.arn }, { parent: this }).publicKeyPem;
    this.registerOutputs({ keyArn: this.keyArn, publicKeyPem: this.publicKeyPem });
  }
}

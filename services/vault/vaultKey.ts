import { DescribeKeyCommand, KMSClient, type KMSClientConfig, ScheduleKeyDeletionCommand } from "@aws-sdk/client-kms";

import type { AwsPlace } from "../aws/awsCalls.ts";
import { explainAwsError, nameOf } from "../aws/awsErrors.ts";
import { messageOf, UserError } from "../common/errors.ts";

/** Days before a key's deletion, in which break-glass can cancel it: the longest that KMS offers. */
export const KEY_DELETION_DAYS = 30;

/** The key that a vault's objects are encrypted with, for giving it up. */
export interface VaultKey {
  readonly arn: string;
  /** Whether it can still be used: false once its deletion is scheduled or done. */
  isAlive(): Promise<boolean>;
  /** Schedules its deletion. UserError if AWS refuses. */
  end(): Promise<void>;
}

/** Which key, and how it is given up. */
export interface VaultKeyOptions extends Pick<AwsPlace, "region" | "endpoint"> {
  arn: string;
  /** @default - those of the environment */
  breakGlass?: KMSClientConfig["credentials"] | undefined;
  /** A sentence that says how to assume break-glass. */
  hint: string;
}

/**
 * The key by its ARN. The environment's credentials read it. `breakGlass` deletes it: the key's policy permits that only to this role.
 */
export function vaultKey(options: VaultKeyOptions): VaultKey {
  const { arn, region, endpoint, breakGlass, hint } = options;
  const at = { region, ...(endpoint !== undefined && { endpoint }) };
  const call = { service: "KMS", region, endpoint, subject: `the vault's key "${arn}"` };
  return {
    arn,
    async isAlive() {
      try {
        const { KeyMetadata } = await new KMSClient(at).send(new DescribeKeyCommand({ KeyId: arn }));
        return KeyMetadata?.KeyState !== "PendingDeletion";
      } catch (error) {
        if (nameOf(error) === "NotFoundException") return false;
        throw explainAwsError(error, call);
      }
    },
    async end() {
      const client = new KMSClient({ ...at, ...(breakGlass && { credentials: breakGlass }) });
      try {
        await client.send(new ScheduleKeyDeletionCommand({ KeyId: arn, PendingWindowInDays: KEY_DELETION_DAYS }));
      } catch (error) {
        if (nameOf(error).startsWith("AccessDenied"))
          throw new UserError(`Only break-glass may end the vault's key: ${hint} AWS says: ${messageOf(error)}`, {
            cause: error,
          });
        throw explainAwsError(error, call);
      }
    },
  };
}

import { DescribeKeyCommand, KMSClient, type KMSClientConfig, ScheduleKeyDeletionCommand } from "@aws-sdk/client-kms";

import { explainAwsError } from "../aws/awsErrors.ts";
import { messageOf, UserError } from "../common/errors.ts";

/** Days between asking for a key's deletion and its end, within which break-glass can take it back: the longest that KMS offers. */
export const KEY_DELETION_DAYS = 30;

/** The key that a vault's objects are encrypted with, for giving it up. */
export interface VaultKey {
  readonly arn: string;
  /** Whether it can still be used: false once its deletion is scheduled or done. */
  isAlive(): Promise<boolean>;
  /** Schedules its deletion. UserError that says who may, if AWS refuses. */
  end(): Promise<void>;
}

/** Which key, and how it is given up. */
export interface VaultKeyOptions {
  arn: string;
  region: string;
  endpoint?: string | undefined;
  /** @default - those of the environment */
  breakGlass?: KMSClientConfig["credentials"] | undefined;
  /** Says to the reader how break-glass is taken. */
  hint: string;
}

/**
 * The key by its ARN. It is looked at with the environment's credentials and ended with those that are given: the key's policy lets only
 * break-glass end it.
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
        if ((error as Error).name === "NotFoundException") return false;
        throw explainAwsError(error, call);
      }
    },
    async end() {
      const client = new KMSClient({ ...at, ...(breakGlass && { credentials: breakGlass }) });
      try {
        await client.send(new ScheduleKeyDeletionCommand({ KeyId: arn, PendingWindowInDays: KEY_DELETION_DAYS }));
      } catch (error) {
        if ((error as Error).name.startsWith("AccessDenied"))
          throw new UserError(`Only break-glass may end the vault's key: ${hint} AWS says: ${messageOf(error)}`, {
            cause: error,
          });
        throw explainAwsError(error, call);
      }
    },
  };
}

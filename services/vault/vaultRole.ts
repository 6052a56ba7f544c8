import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";

import { type AwsPlace, endedBy, shortCalls } from "../aws/awsCalls.ts";
import { explainAwsError, nameOf } from "../aws/awsErrors.ts";
import { messageOf, UserError } from "../common/errors.ts";

/** Which role is assumed, and how. */
export interface RoleOptions extends Pick<AwsPlace, "region" | "endpoint"> {
  roleArn: string;
  /** Tag that permits a person to assume it. */
  tag: string;
  /** Another way out if the role can't be assumed: ends the sentence, such as ", or add --no-store". */
  otherwise?: string | undefined;
  /** Ends the calls. */
  signal?: AbortSignal | undefined;
  /** Second factor, for a role that requires one: the device's serial number and its current code. */
  mfa?: { serialNumber: string; code: string } | undefined;
}

/** Keys of a role's session. The SDK asks for new ones when they expire. */
export type RoleCredentials = () => Promise<{
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
  expiration?: Date;
}>;

/**
 * Assumes a role with the environment's credentials when it is first needed. If those already are a session of that role (the schedule's, or
 * a profile's), they are used unchanged. UserError with what to do if the role can't be assumed.
 */
export function roleCredentials(options: RoleOptions): RoleCredentials {
  const { roleArn, tag, region, endpoint, otherwise = "", mfa, signal } = options;
  const name = roleArn.slice(roleArn.lastIndexOf("/") + 1);
  return async () => {
    const sts = new STSClient(shortCalls({ region, endpoint }));
    try {
      const { Arn: caller = "" } = await sts.send(new GetCallerIdentityCommand({}), endedBy(signal));
      if (caller.includes(`:assumed-role/${name}/`)) return await sts.config.credentials();
      const taken = await take(sts, caller);
      const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = taken.Credentials ?? {};
      if (AccessKeyId === undefined || SecretAccessKey === undefined) throw new Error("STS gave no credentials");
      return {
        accessKeyId: AccessKeyId,
        secretAccessKey: SecretAccessKey,
        ...(SessionToken !== undefined && { sessionToken: SessionToken }),
        ...(Expiration !== undefined && { expiration: Expiration }),
      };
    } catch (error) {
      signal?.throwIfAborted();
      throw explainAwsError(error, { service: "STS", region, endpoint, subject: `the role ${name}` });
    } finally {
      sts.destroy();
    }
  };

  async function take(sts: STSClient, caller: string) {
    try {
      return await sts.send(
        new AssumeRoleCommand({
          RoleArn: roleArn,
          RoleSessionName: "castchat-recovery",
          ...(mfa && { SerialNumber: mfa.serialNumber, TokenCode: mfa.code }),
        }),
        endedBy(signal),
      );
    } catch (error) {
      if (nameOf(error) !== "AccessDenied") throw error;
      throw new UserError(
        `${caller} may not take the role ${name}: give this user or role the tag ${tag} = true and leave to assume the role (docs/accounts.md, "Who may touch the vault")${otherwise}. AWS says: ${messageOf(error)}`,
        { cause: error },
      );
    }
  }
}

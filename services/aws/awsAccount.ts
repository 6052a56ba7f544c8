import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";

import { type AwsPlace, explainedCall, shortCalls } from "./awsCalls.ts";
import { type OwnBucket, ownBucket } from "./ownBucket.ts";
import { type Settled } from "./ownership.ts";
import { type OwnKey, ownKey } from "./ownKey.ts";
import { type OwnRole, ownRole } from "./ownRole.ts";

/** Who the credentials are. */
export interface Caller {
  readonly accountId: string;
  readonly arn: string;
}

/** What an account holds for its stacks outside of any stack. Each call may be repeated, also after an interruption. */
export interface AwsAccount {
  caller(): Promise<Caller>;
  bucket(wanted: OwnBucket): Promise<Settled>;
  key(wanted: OwnKey): Promise<Settled & { readonly arn: string }>;
  role(wanted: OwnRole): Promise<Settled>;
}

/** The account of the environment's credentials, in one region. Errors of set-up or network are UserErrors of one sentence. */
export function awsAccount(place: AwsPlace): AwsAccount {
  return {
    async caller() {
      const sts = new STSClient(shortCalls(place));
      const call = { ...place, service: "STS", subject: "the account" };
      try {
        const { Account = "", Arn = "" } = await explainedCall(sts.send(new GetCallerIdentityCommand({})), call);
        return { accountId: Account, arn: Arn };
      } finally {
        sts.destroy();
      }
    },
    bucket: (wanted) => ownBucket(place, wanted),
    key: (wanted) => ownKey(place, wanted),
    role: (wanted) => ownRole(place, wanted),
  };
}

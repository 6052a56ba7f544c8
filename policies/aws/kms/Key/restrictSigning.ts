import { Key } from "@pulumi/aws/kms/key.js";
import { type ResourceValidationPolicy, validateResourceOfType } from "@pulumi/policy";

import { isPartOf } from "../../../stacks/vaults.ts";

const SIGNING_COMPONENT = "castchat:index:SigningKey";

/** Each action that the policy has to refuse, and what a principal with it could do. */
const REFUSED: Readonly<Record<string, string>> = {
  "kms:Sign": "sign a backup that the other site then restores",
  "kms:PutKeyPolicy": "let itself sign",
  "kms:ScheduleKeyDeletion": "end the key",
};

/** Another principal's signature makes any file in the vault a backup that is restored. */
export const restrictSigning: ResourceValidationPolicy = {
  name: "aws-kms-key-restrict-signing",
  description: "The signing key's policy must name the principals that sign, and those that may change or end the key.",
  enforcementLevel: "mandatory",
  validateResource: validateResourceOfType(Key, (key, args, reportViolation) => {
    if (!isPartOf(args.urn, SIGNING_COMPONENT)) return;
    const statements = statementsOf(key.policy);
    for (const [action, danger] of Object.entries(REFUSED)) {
      if (statements.some((one) => refusesOthers(one, action))) continue;
      reportViolation(
        `The backup vault's signing key must deny ${action} to all but named principals; another one of the account could ${danger}.`,
      );
    }
  }),
  remediationSteps: "Declare the key by components/signingKey.ts.",
};

interface Statement {
  Effect?: unknown;
  Principal?: unknown;
  Action?: unknown;
  Resource?: unknown;
  Condition?: { ArnNotLike?: Record<string, unknown> } & Record<string, unknown>;
}

function statementsOf(policy: unknown): Statement[] {
  if (typeof policy !== "string") return [];
  const { Statement = [] } = JSON.parse(policy) as { Statement?: Statement | Statement[] };
  return [Statement].flat();
}

/** Whether a statement refuses an action to every principal that it does not spare by a whole name. */
function refusesOthers({ Effect, Principal, Action, Resource, Condition = {} }: Statement, action: string): boolean {
  const { ArnNotLike, ...further } = Condition;
  const spared = Object.entries(ArnNotLike ?? {});
  return (
    Effect === "Deny" &&
    Principal === "*" &&
    Resource === "*" &&
    [Action].flat().includes(action) &&
    Object.keys(further).length === 0 &&
    spared.length === 1 &&
    spared[0]?.[0] === "aws:PrincipalArn" &&
    ![spared[0][1]]
      .flat()
      .some((arn) => /^(\*|arn:aws:iam::\*.*|arn:aws:iam::\d+:\*|.*:(role|user)\/\*)$/.test(String(arn)))
  );
}

import { BucketPolicy } from "@pulumi/aws/s3/bucketPolicy.js";
import { type ResourceValidationPolicy, validateResourceOfType } from "@pulumi/policy";

import { isPartOfVault } from "../../../stacks/vaults.ts";

interface Statement {
  Effect?: string;
  Principal?: unknown;
  Action?: string | string[];
  Resource?: string | string[];
  Condition?: Record<string, Record<string, unknown>>;
}

/** Plain http would expose the backups on the network. */
export const requireTls: ResourceValidationPolicy = {
  name: "aws-s3-bucket-policy-require-tls",
  description: "The backup vault must refuse every request without TLS.",
  enforcementLevel: "mandatory",
  validateResource: validateResourceOfType(BucketPolicy, (policy, args, reportViolation) => {
    if (!isPartOfVault(args.urn)) return;
    if (!statementsOf(policy.policy).some(deniesWithoutTls))
      reportViolation(
        "The backup vault's bucket policy must deny s3:* to everyone, on the bucket and its objects, if aws:SecureTransport is false.",
      );
  }),
  remediationSteps:
    'Deny s3:* to "*" on the bucket and its objects under the condition Bool aws:SecureTransport false.',
};

function statementsOf(policy: unknown): Statement[] {
  const document = (typeof policy === "string" ? JSON.parse(policy) : policy) as {
    Statement?: Statement | Statement[];
  };
  return asList(document.Statement);
}

function deniesWithoutTls({ Effect, Principal, Action, Resource, Condition = {} }: Statement): boolean {
  const conditions = Object.entries(Condition).flatMap(([operator, keys]) =>
    Object.entries(keys).map(([key, value]) => `${operator} ${key} ${String(value)}`),
  );
  const resources = asList(Resource);
  return (
    Effect === "Deny" &&
    (Principal === "*" || (Principal as { AWS?: unknown } | undefined)?.AWS === "*") &&
    asList(Action).includes("s3:*") &&
    resources.some((resource) => resource.endsWith("/*")) &&
    resources.some((resource) => !resource.endsWith("/*")) &&
    conditions.length === 1 &&
    conditions[0] === "Bool aws:SecureTransport false"
  );
}

function asList<T>(value: T | T[] | undefined): T[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

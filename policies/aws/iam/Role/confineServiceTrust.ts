import { Role } from "@pulumi/aws/iam/role.js";
import { type ResourceValidationPolicy, validateResourceOfType } from "@pulumi/policy";

/** Services for which AWS documents no source. components/vaultReplication.ts has the reason. */
const WITHOUT_SOURCE = ["s3.amazonaws.com"];

const SOURCES = ["aws:SourceAccount", "aws:SourceArn"];
/** Operators that an absent key does not fulfil. */
const DEMANDS = /^(StringEquals|StringLike|ArnEquals|ArnLike)$/;

/** Without both keys, another resource of the service could act with the role: a confused deputy. */
export const confineServiceTrust: ResourceValidationPolicy = {
  name: "aws-iam-role-confine-service-trust",
  description: "A role that a service may assume must name the account and the resource that the service acts for.",
  enforcementLevel: "mandatory",
  validateResource: validateResourceOfType(Role, ({ assumeRolePolicy }, _args, reportViolation) => {
    for (const { Effect, Principal, Condition = {} } of statementsOf(assumeRolePolicy)) {
      const services = [Principal?.Service ?? []].flat().filter((service) => !WITHOUT_SOURCE.includes(service));
      const missing = SOURCES.filter((key) => !demands(Condition, key));
      if (Effect !== "Allow" || services.length === 0 || missing.length === 0) continue;
      reportViolation(
        `The role must let ${services.join(", ")} assume it only under a condition on ${missing.join(" and ")}; another resource of the service could act with it.`,
      );
    }
  }),
  remediationSteps: "Write the trust policy by serviceTrust of components/schedulePolicies.ts.",
};

interface Statement {
  Effect?: unknown;
  Principal?: { Service?: string | string[] };
  Condition?: Readonly<Record<string, Readonly<Record<string, string | string[]>>>>;
}

function statementsOf(policy: unknown): Statement[] {
  if (typeof policy !== "string") return [];
  const { Statement = [] } = JSON.parse(policy) as { Statement?: Statement | Statement[] };
  return [Statement].flat();
}

/** Whether a condition asks for a value of a key, and not for any. */
function demands(condition: NonNullable<Statement["Condition"]>, key: string): boolean {
  return Object.entries(condition).some(
    ([operator, wanted]) =>
      DEMANDS.test(operator) && wanted[key] !== undefined && ![wanted[key]].flat().some((value) => /^\**$/.test(value)),
  );
}

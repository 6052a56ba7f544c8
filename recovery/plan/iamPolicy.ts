import { z } from "zod";

/** A request as IAM judges it. */
export interface IamRequest {
  readonly action: string;
  /** ARN of what the action is done to. */
  readonly resource: string;
  /** ARN of the role that asks. */
  readonly principal: string;
  /** The condition keys of the request. A key that is not here is absent. */
  readonly context: Readonly<Record<string, string>>;
}

const oneOrMore = z.union([z.string(), z.array(z.string())]).transform((value) => [value].flat());
const statement = z.object({
  Effect: z.enum(["Allow", "Deny"]),
  Principal: z.union([z.string(), z.record(z.string(), oneOrMore)]).optional(),
  Action: oneOrMore.optional(),
  NotAction: oneOrMore.optional(),
  Resource: oneOrMore.optional(),
  NotResource: oneOrMore.optional(),
  Condition: z.record(z.string(), z.record(z.string(), oneOrMore)).default({}),
});
const document = z
  .string()
  .transform((text): unknown => JSON.parse(text))
  .pipe(z.object({ Statement: z.union([statement, z.array(statement)]).transform((value) => [value].flat()) }));
type Statement = z.output<typeof statement>;

/** How policies judge a request: refused by a statement, allowed by one, or not mentioned. */
export type Judgement = "denied" | "allowed" | "unmentioned";

/**
 * How policies (JSON texts) judge a request: a Deny decides, then an Allow. A policy that can't be read allows nothing. Source:
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 */
export function judge(policies: readonly unknown[], request: IamRequest): Judgement {
  const statements = policies.flatMap((policy) => document.safeParse(policy).data?.Statement ?? []);
  const meant = statements.filter((one) => isMeant(one, request));
  if (meant.some(({ Effect }) => Effect === "Deny")) return "denied";
  return meant.length > 0 ? "allowed" : "unmentioned";
}

function isMeant(one: Statement, { action, resource, principal, context }: IamRequest): boolean {
  const actions = one.Action?.some((pattern) => matches(pattern.toLowerCase(), action.toLowerCase())) ?? true;
  const others = one.NotAction?.some((pattern) => matches(pattern.toLowerCase(), action.toLowerCase())) ?? false;
  const resources = one.Resource?.some((pattern) => matches(pattern, resource)) ?? true;
  const elsewhere = one.NotResource?.some((pattern) => matches(pattern, resource)) ?? false;
  if (!actions || others || !resources || elsewhere || !isPrincipal(one.Principal, principal)) return false;
  const keys: Readonly<Record<string, string>> = { ...context, "aws:PrincipalArn": principal };
  return Object.entries(one.Condition).every(([operator, wanted]) =>
    Object.entries(wanted).every(([key, values]) => holds(operator, keys[key], values) ?? one.Effect === "Deny"),
  );
}

/** A policy of a role names no principal. In another policy, an account's root stands for all of its roles. */
function isPrincipal(named: Statement["Principal"], principal: string): boolean {
  if (named === undefined || named === "*") return true;
  const account = principal.split(":")[4] ?? "";
  const arns = typeof named === "string" ? [named] : (named["AWS"] ?? []);
  return arns.some((arn) => arn === "*" || arn === principal || arn === `arn:aws:iam::${account}:root`);
}

const KNOWN = /^(String|Arn)(Not)?(Equals|Like)$|^Bool$|^Numeric(GreaterThan|LessThan)$/;

/** Whether a condition holds; undefined for an unknown operator. An absent key fulfils only what asks for its absence. */
function holds(operator: string, value: string | undefined, wanted: readonly string[]): boolean | undefined {
  if (operator === "Null") return wanted.includes(String(value === undefined));
  if (!KNOWN.test(operator)) return undefined;
  const negated = operator.includes("Not");
  if (value === undefined) return negated;
  if (operator === "NumericGreaterThan") return wanted.some((limit) => Number(value) > Number(limit));
  if (operator === "NumericLessThan") return wanted.some((limit) => Number(value) < Number(limit));
  return wanted.some((pattern) => matches(pattern, value)) !== negated;
}

/** `*` stands for any text, `?` for one character. */
function matches(pattern: string, text: string): boolean {
  const escaped = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${escaped}$`, "s").test(text);
}

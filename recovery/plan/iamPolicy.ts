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
  NotPrincipal: z.unknown().optional(),
  Action: oneOrMore.optional(),
  NotAction: oneOrMore.optional(),
  Resource: oneOrMore.optional(),
  NotResource: oneOrMore.optional(),
  Condition: z.record(z.string(), z.record(z.string(), oneOrMore)).default({}),
});
const document = z
  .string()
  .transform(parsed)
  .pipe(z.object({ Statement: z.union([statement, z.array(statement)]).transform((value) => [value].flat()) }));
type Statement = z.output<typeof statement>;

/** How policies judge a request: refused by a statement, allowed by one, or not mentioned. */
export type Judgement = "denied" | "allowed" | "unmentioned";

/**
 * How policies (JSON texts) judge a request: a Deny decides, then an Allow. A policy that can't be read allows nothing. What this cannot
 * judge, such as a policy variable, lets a Deny refuse and no Allow allow. Sources:
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html and
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
 */
export function judge(policies: readonly unknown[], request: IamRequest): Judgement {
  const statements = policies.flatMap((policy) => document.safeParse(policy).data?.Statement ?? []);
  const meant = statements.filter((one) => isMeant(one, request));
  if (meant.some(({ Effect }) => Effect === "Deny")) return "denied";
  return meant.length > 0 ? "allowed" : "unmentioned";
}

function isMeant(one: Statement, { action, resource, principal, context }: IamRequest): boolean {
  const unjudged = one.Effect === "Deny";
  const actions = one.Action?.some((pattern) => matches(pattern.toLowerCase(), action.toLowerCase())) ?? true;
  const others = one.NotAction?.some((pattern) => matches(pattern.toLowerCase(), action.toLowerCase())) ?? false;
  if (!actions || others || !isPrincipal(one, principal)) return false;
  const resources = one.Resource === undefined || (someMatches(one.Resource, resource) ?? unjudged);
  const elsewhere = one.NotResource !== undefined && (someMatches(one.NotResource, resource) ?? !unjudged);
  if (!resources || elsewhere) return false;
  const keys: Readonly<Record<string, string>> = { ...context, "aws:PrincipalArn": principal };
  return Object.entries(one.Condition).every(([operator, wanted]) =>
    Object.entries(wanted).every(([key, values]) => holds(operator, keys[key], values) ?? unjudged),
  );
}

/** A policy of a role names no principal. In another policy, an account's root or number stands for all of its roles. */
function isPrincipal({ Effect, Principal, NotPrincipal }: Statement, principal: string): boolean {
  if (NotPrincipal !== undefined) return Effect === "Deny";
  if (Principal === undefined || Principal === "*") return true;
  const account = principal.split(":")[4] ?? "";
  const arns = typeof Principal === "string" ? [Principal] : (Principal["AWS"] ?? []);
  return arns.some((arn) => ["*", principal, account, `arn:aws:iam::${account}:root`].includes(arn));
}

const KNOWN = /^(String|Arn)(Not)?(Equals|Like)$|^Bool$|^Numeric(GreaterThan|LessThan)$/;
/** Operators in whose values `*` and `?` are characters like others. */
const EXACT = /^(String(Not)?Equals|Bool)$/;

/** Whether a condition holds; undefined if it can't be judged. An absent key fulfils only what asks for its absence. */
function holds(operator: string, value: string | undefined, wanted: readonly string[]): boolean | undefined {
  if (operator === "Null") return wanted.includes(String(value === undefined));
  if (!KNOWN.test(operator)) return undefined;
  const negated = operator.includes("Not");
  if (value === undefined) return negated;
  if (operator === "NumericGreaterThan") return wanted.some((limit) => Number(value) > Number(limit));
  if (operator === "NumericLessThan") return wanted.some((limit) => Number(value) < Number(limit));
  const found = someMatches(wanted, value, EXACT.test(operator));
  return found === undefined ? undefined : found !== negated;
}

/** Whether a text matches one of the patterns; undefined if that depends on a policy variable. */
function someMatches(patterns: readonly string[], text: string, exactly = false): boolean | undefined {
  if (patterns.some((pattern) => (exactly ? pattern === text : matches(pattern, text)))) return true;
  return patterns.some((pattern) => pattern.includes("${")) ? undefined : false;
}

/** `*` stands for any text, `?` for one character. */
function matches(pattern: string, text: string): boolean {
  const escaped = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${escaped}$`, "s").test(text);
}

/** What a JSON text means; undefined if it is none. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The schema refuses undefined, and with it the policy.
    return undefined;
  }
}

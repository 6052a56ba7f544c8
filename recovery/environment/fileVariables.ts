import { UserError } from "../../services/common/errors.ts";
import { type SealedVariable, type Target, TARGETS } from "../vault/environmentPart.ts";
import type { DotenvEntry } from "./dotenv.ts";
import { leadsTo, reachOf } from "./liveCredentials.ts";
import { faultOfMapping, sourceByName } from "./sources.ts";

/** What is known of the live app while its file is read. */
export interface LiveApp {
  /** Reference of the live Supabase project. @default - unknown, and no value is recognised as leading there */
  ref?: string | undefined;
  /** Targets of a variable in the live project. @default - unknown */
  targetsOf?: (key: string) => readonly Target[] | undefined;
}

/** The variables of a file, and the names that are left out because the host sets them. */
export interface FileVariables {
  variables: SealedVariable[];
  leftOut: string[];
}

/** Variables that Vercel itself sets (https://vercel.com/docs/environment-variables/system-environment-variables); `vercel env pull` writes some. */
const SYSTEM =
  /^(VERCEL|CI|VERCEL_(ENV|TARGET_ENV|URL|BRANCH_URL|PROJECT_PRODUCTION_URL|REGION|DEPLOYMENT_ID|PROJECT_ID|OIDC_TOKEN|SKEW_PROTECTION_ENABLED|AUTOMATION_BYPASS_SECRET|GIT_\w+))$/;

/** The remarks of a variable, parsed. */
interface Remarks {
  targets: Target[] | undefined;
  drill: "unset" | "same" | undefined;
  from: string | undefined;
  /** Keep the file's value although the name is that of a value of the database. */
  literal: boolean;
  /** Pass a credential to a drill although it reaches users, money or the live database. */
  live: boolean;
  /** The value is meant to be empty. */
  empty: boolean;
}

/**
 * The variables that a .env file gives, with what its remarks say of each: `targets=production,preview`, `drill=same`, `from=databaseUrl`,
 * `literal`, `live`, `empty`.
 *
 * @throws UserError with every fault at once, by line and name, never with a value
 */
export function variablesIn(entries: readonly DotenvEntry[], file: string, live: LiveApp = {}): FileVariables {
  const faults: string[] = [];
  const variables: SealedVariable[] = [];
  const own = entries.filter(({ key }) => !SYSTEM.test(key));
  for (const entry of own) {
    const found: string[] = [];
    const variable = variableOf(entry, live, found);
    const twin = variables.find(({ key, targets }) => key === entry.key && targets.some(isIn(variable.targets)));
    if (twin !== undefined)
      found.push("is there twice for the same target; give each its own with # recovery: targets=…");
    variables.push(variable);
    faults.push(...found.map((fault) => `line ${entry.line}: ${entry.key} ${fault}`));
  }
  if (faults.length > 0)
    throw new UserError(
      `${file} cannot be imported. Nothing was stored.\n${faults.map((one) => `  - ${one}`).join("\n")}`,
    );
  if (own.length === 0) throw new UserError(`${file} holds no variable. Nothing was stored.`);
  return { variables, leftOut: entries.filter(({ key }) => SYSTEM.test(key)).map(({ key }) => key) };
}

function variableOf(entry: DotenvEntry, live: LiveApp, faults: string[]): SealedVariable {
  const { key, value, drillValue } = entry;
  const remarks = remarksIn(entry, faults);
  const from = remarks.from ?? (remarks.literal ? undefined : sourceByName(key));
  const known = live.targetsOf?.(key);
  const head = { key, targets: remarks.targets ?? (known?.length ? [...known] : ["production" as const]) };
  if (drillValue !== undefined && remarks.drill !== undefined)
    faults.push(`has a drill value and drill=${remarks.drill}; keep one of the two`);
  if (from !== undefined) {
    const fault = faultOfMapping(from);
    if (fault !== undefined) faults.push(`has ${fault}`);
    if (remarks.literal && remarks.from !== undefined) faults.push("has from= and literal; keep one of the two");
    // What is made from the recovered project is never the live one's.
    return { ...head, from, drill: drillOf(remarks.drill ?? "same", drillValue) };
  }
  if (value === "" && !remarks.empty)
    faults.push("has no value; fill it in, delete the line, or write # recovery: empty before it");
  const leads = live.ref !== undefined && leadsTo(live.ref, value);
  if (leads && !remarks.literal)
    faults.push(
      "leads to the live database, which a recovered app must not use; write # recovery: from=… before it (literal keeps the value)",
    );
  const reach = leads ? "the live database" : reachOf(key, value);
  const passesOn = remarks.drill === "same" || drillValue === value;
  if (passesOn && value !== "" && reach !== undefined && !remarks.live)
    faults.push(
      `looks like a credential that reaches ${reach}, which no drill may use; leave it unset, give it a test value with # recovery-drill: VALUE, or write # recovery: drill=same live before it`,
    );
  return { ...head, value, drill: drillOf(remarks.drill ?? "unset", drillValue) };
}

function drillOf(is: "unset" | "same", value: string | undefined): SealedVariable["drill"] {
  return value === undefined ? { is } : { is: "value", value };
}

function remarksIn({ remarks }: DotenvEntry, faults: string[]): Remarks {
  const found: Remarks = {
    targets: undefined,
    drill: undefined,
    from: undefined,
    literal: false,
    live: false,
    empty: false,
  };
  for (const word of remarks.flatMap((one) => one.split(/\s+/)).filter((one) => one !== "")) {
    const [name, value] = split(word);
    if (value === undefined && (name === "literal" || name === "live" || name === "empty")) found[name] = true;
    else if (name === "from" && value) found.from = value;
    else if (name === "drill" && (value === "unset" || value === "same")) found.drill = value;
    else if (name === "targets" && value !== undefined && value.split(",").every(isTarget))
      found.targets = [...new Set(value.split(",") as Target[])];
    else
      faults.push(
        `has a remark that is not understood (word ${JSON.stringify(name.slice(0, 20))}); the words are targets=${TARGETS.join(",")}, drill=unset or same, from=SOURCE, literal, live, empty`,
      );
  }
  return found;
}

function split(word: string): [string, string | undefined] {
  const at = word.indexOf("=");
  return at === -1 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)];
}

/** Whether a text is the name of a target. */
export function isTarget(text: string): text is Target {
  return (TARGETS as readonly string[]).includes(text);
}

function isIn(list: readonly Target[]) {
  return (one: Target) => list.includes(one);
}

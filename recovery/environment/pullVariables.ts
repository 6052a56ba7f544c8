import { UserError } from "../../services/common/errors.ts";
import type { Environment, SealedVariable } from "../vault/environmentPart.ts";
import { quotedValue } from "./dotenv.ts";
import { leadsTo, reachOf } from "./liveCredentials.ts";
import type { LiveVariable, LiveVariables } from "./liveVariables.ts";
import { sourceByName } from "./sources.ts";

/** A variable as a file is to hold it. Without `value` and `from` nothing has a value of it. */
export type PulledVariable = Pick<SealedVariable, "key" | "targets" | "value" | "from" | "drill">;

/** What a file gets, and what it can't get, by name. */
export interface Pulled {
  variables: PulledVariable[];
  /** Names of which nothing has a value. */
  lacking: string[];
  /** Names that are sealed, and that the live project does not have. They stay: it may be one that lacks what it should have. */
  gone: string[];
}

/**
 * The variables of the live project: readable values from there, the others from what is sealed, with the remarks that are sealed. Without
 * the live project they are the sealed ones.
 *
 * @param valueOf reads a readable value of the live project
 */
export async function pullVariables(
  live: LiveVariables | undefined,
  sealed: Pick<Environment, "variables"> | undefined,
  valueOf: (variable: LiveVariable) => Promise<string>,
): Promise<Pulled> {
  const known = sealed?.variables ?? [];
  if (live === undefined) return { variables: known, lacking: [], gone: [] };
  const variables: PulledVariable[] = [];
  for (const one of live.variables) {
    const twin = known.find(
      ({ key, targets }) => key === one.key && targets.some((target) => one.targets.includes(target)),
    );
    const from = twin === undefined ? sourceByName(one.key) : twin.from;
    const value = from !== undefined ? undefined : one.isReadable ? await valueOf(one) : twin?.value;
    variables.push({
      key: one.key,
      targets: one.targets,
      ...(from !== undefined && { from }),
      ...(value !== undefined && { value }),
      drill: twin?.drill ?? { is: from === undefined ? "unset" : "same" },
    });
  }
  const lacking = variables.filter(({ value, from }) => value === undefined && from === undefined);
  const gone = known.filter(({ key }) => !live.variables.some((one) => one.key === key));
  return { variables: [...variables, ...gone], lacking: names(lacking), gone: names(gone) };
}

/**
 * The text of a .env file that `env import` reads back.
 *
 * @param ref reference of the live Supabase project, if it is known
 * @throws UserError, by name, for a value that no such file can hold
 */
export function dotenvText(variables: readonly PulledVariable[], ref?: string): string {
  const faults = variables.filter(({ value, drill }) =>
    [value, drill.is === "value" ? drill.value : undefined].some(
      (one) => one !== undefined && quotedValue(one) === undefined,
    ),
  );
  if (faults.length > 0)
    throw new UserError(
      `No .env file can hold the values of ${names(faults).join(", ")}: they have carriage returns, or all kinds of quotes. Write that file by hand, or encode these values.`,
    );
  const sorted = [...variables].sort((a, b) => (a.key < b.key ? -1 : 1));
  return sorted.map((one) => linesOf(one, ref)).join("\n");
}

function linesOf(variable: PulledVariable, ref: string | undefined): string {
  const { key, value, from, drill } = variable;
  return [
    `# recovery: ${remarksOf(variable, ref).join(" ")}`,
    ...(drill.is === "value" ? [`# recovery-drill: ${quotedValue(drill.value) ?? ""}`] : []),
    ...(value === undefined && from === undefined
      ? ["# Nothing has a value of it: fill it in, or delete this line."]
      : []),
    `${key}=${value === undefined ? "" : (quotedValue(value) ?? "")}`,
    "",
  ].join("\n");
}

function remarksOf({ key, targets, value, from, drill }: PulledVariable, ref: string | undefined): string[] {
  const passesOn = drill.is === "same" || (drill.is === "value" && drill.value === value);
  const leads = ref !== undefined && leadsTo(ref, value ?? "");
  const isReaching = leads || reachOf(key, value ?? "") !== undefined;
  return [
    `targets=${targets.join(",")}`,
    ...(from === undefined ? [] : [`from=${from}`]),
    ...(from === undefined && (leads || sourceByName(key) !== undefined) ? ["literal"] : []),
    ...(drill.is === "value" ? [] : [`drill=${drill.is}`]),
    ...(from === undefined && passesOn && isReaching ? ["live"] : []),
    ...(value === "" ? ["empty"] : []),
  ];
}

function names(variables: readonly Pick<PulledVariable, "key">[]): string[] {
  return [...new Set(variables.map(({ key }) => key))].sort();
}

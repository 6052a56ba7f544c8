import type { AppHost, ListedVariable } from "../../services/appHost/appHost.ts";
import { type Target, TARGETS } from "../vault/environmentPart.ts";
import { isTarget } from "./fileVariables.ts";

/** A variable of the live project. */
export interface LiveVariable extends ListedVariable {
  targets: Target[];
}

/** What the live project has, and the names that only a branch or an environment of the project's own sets, which no recovery has. */
export interface LiveVariables {
  variables: LiveVariable[];
  partial: string[];
}

/** Reads the names and targets of a live project's variables. No value. Throws what the host throws, also for a missing project. */
export async function liveVariables(appHost: AppHost, project: string, signal?: AbortSignal): Promise<LiveVariables> {
  const listed = await appHost.listVariables(project, signal);
  const known = listed.map((one) => ({ ...one, targets: TARGETS.filter((target) => one.targets.includes(target)) }));
  const isWhole = ({ branch, targets }: LiveVariable) => branch === undefined && targets.length > 0;
  return {
    variables: known.filter(isWhole),
    partial: [...new Set(known.filter((one) => !isWhole(one)).map(({ key }) => key))].sort(),
  };
}

/** The targets of a variable that the live project has once, and for production; undefined for every other. */
export function targetsIn({ variables }: LiveVariables, key: string): Target[] | undefined {
  const [only, ...more] = variables.filter((one) => one.key === key);
  return more.length === 0 && only?.targets.some((one) => isTarget(one) && one === "production") === true
    ? only.targets
    : undefined;
}

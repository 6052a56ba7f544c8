import type { AppHost, ListedVariable } from "../../services/appHost/appHost.ts";
import { unlessNotFound } from "../../services/http/http.ts";
import type { WantedVariable } from "./wantedVariables.ts";

/** The note beside every variable that this program sets. A variable without it belongs to people, and is never changed or removed. */
export const OUR_COMMENT = "Set by castchat-recovery from the sealed variables.";

/** Which variables a project has after a change. */
export interface SetResult {
  /** Names that were set, sorted. */
  names: string[];
  /** Names that were not set, since people have set them in the project. */
  kept: string[];
}

/**
 * Gives a project exactly these variables of ours, and leaves all others as they are. It can be interrupted and run again: what it has made
 * carries its note.
 */
export async function setVariables(
  appHost: AppHost,
  projectId: string,
  wanted: readonly WantedVariable[],
  signal: AbortSignal,
): Promise<SetResult> {
  const listed = await appHost.listVariables(projectId, signal);
  const mine = listed.filter(isOurs);
  const kept = wanted.filter((one) => listed.some((other) => !isOurs(other) && clash(one, other)));
  const own = wanted.filter((one) => !kept.includes(one));
  const used = new Set<string>();
  const missing: WantedVariable[] = [];
  const changes: [string, WantedVariable][] = [];
  for (const one of own) {
    const there = mine.find((other) => !used.has(other.id) && isSame(one, other));
    if (there === undefined) missing.push(one);
    else {
      used.add(there.id);
      changes.push([there.id, one]);
    }
  }
  // What is in the way of a new variable goes first.
  for (const { id } of mine) if (!used.has(id)) await appHost.removeVariable(projectId, id, signal);
  for (const [id, one] of changes)
    await appHost.changeVariable(projectId, id, { ...one, comment: OUR_COMMENT }, signal);
  const refused =
    missing.length === 0
      ? []
      : await appHost.createVariables(
          projectId,
          missing.map((one) => ({ ...one, comment: OUR_COMMENT })),
          signal,
        );
  if (refused.length > 0)
    throw new Error(
      `${appHost.name} did not take the variables ${sorted(refused).join(", ")} of project ${projectId}, which has others of the same names. Run the same command again.`,
    );
  return { names: sorted(own.map(({ key }) => key)), kept: sorted(kept.map(({ key }) => key)) };
}

/** Names of our variables that a project has, sorted; undefined if there is no such project. */
export async function ourVariables(
  appHost: AppHost,
  projectId: string,
  signal: AbortSignal,
): Promise<string[] | undefined> {
  const listed = await unlessNotFound(appHost.listVariables(projectId, signal));
  return listed && sorted(listed.filter(isOurs).map(({ key }) => key));
}

/** Removes every variable of ours from a project. A missing project is no error. */
export async function removeOurVariables(appHost: AppHost, projectId: string, signal: AbortSignal): Promise<void> {
  const listed = (await unlessNotFound(appHost.listVariables(projectId, signal))) ?? [];
  for (const { id } of listed.filter(isOurs)) await appHost.removeVariable(projectId, id, signal);
}

function isOurs({ comment }: ListedVariable): boolean {
  return comment === OUR_COMMENT;
}

/** Whether the host refuses one beside the other. */
function clash({ key, targets }: WantedVariable, other: ListedVariable): boolean {
  return other.key === key && other.branch === undefined && other.targets.some((one) => isOneOf(targets, one));
}

/** Whether one can become the other: the host does not turn a secret variable into a readable one. */
function isSame({ key, targets }: WantedVariable, other: ListedVariable): boolean {
  return other.key === key && [...other.targets].sort().join() === [...targets].sort().join();
}

function isOneOf(list: readonly string[], one: string): boolean {
  return list.includes(one);
}

function sorted(names: readonly string[]): string[] {
  return [...new Set(names)].sort();
}

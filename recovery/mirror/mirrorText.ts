import type { Outcome } from "./mirrorAll.ts";
import type { NamedResult } from "./mirrorNamed.ts";
import type { MirrorStatus } from "./mirrorStatus.ts";
import type { Quarantined, RefChange } from "./record.ts";

/** Refs that a line names; the JSON has all. */
const NAMED = 5;

/** The lines of a run over several mirrors. */
export function mirrorLines(
  outcomes: readonly Outcome<NamedResult>[],
  accept: (repository: string) => string,
): string[] {
  return outcomes.flatMap(({ repository, mirror, result, failure }) => {
    if (result === undefined) return [`${repository} is not mirrored to ${mirror}: ${failure}`];
    const branches = Object.entries(result.heads).map(([branch, commit]) => `${branch} at ${commit.slice(0, 8)}`);
    const heads = branches.length === 0 ? "it is as empty as its source" : some(branches);
    return [
      `${result.refs} refs of ${repository} are in its mirror ${mirror}: ${heads}.`,
      ...result.notes,
      ...(result.diverged.length === 0
        ? []
        : [
            `A push from elsewhere had changed ${result.diverged.length} refs of ${mirror}: ${some(result.diverged.map(({ ref }) => ref))}. What was pushed is kept below refs/castchat/kept/, and the source's is there again.`,
          ]),
      ...(result.kept.length === 0
        ? []
        : [
            `${result.kept.length} tips that are gone from ${repository} have names of their own: ${some(result.kept)}.`,
          ]),
      ...quarantineLines(mirror, result.quarantined, accept(repository)),
    ];
  });
}

/** Why a run over several mirrors has not made all current, in a sentence; undefined if it has. */
export function mirrorsFailure(outcomes: readonly Outcome<NamedResult>[]): string | undefined {
  const failed = outcomes.filter(({ failure }) => failure !== undefined).length;
  const held = outcomes.filter(({ result }) => (result?.quarantined.length ?? 0) > 0).length;
  if (failed + held === 0) return undefined;
  return `${failed + held} of ${outcomes.length} mirrors are not current: ${failed} failed, ${held} hold back refs of their source.`;
}

/** The lines of several mirrors' status. */
export function statusLines(
  outcomes: readonly Outcome<MirrorStatus>[],
  accept: (repository: string) => string,
): string[] {
  return outcomes.flatMap(({ repository, mirror, result, failure }) => {
    if (result === undefined) return [`${mirror}, mirror of ${repository}, cannot be compared: ${failure}`];
    const { behind, changedAt, quarantined } = result;
    const last = changedAt === undefined ? "no run has ended yet" : `last changed ${changedAt}`;
    const state =
      behind.length === 0
        ? result.isCurrent
          ? "is current"
          : "has all that it follows"
        : `lags in ${behind.length} refs (${some(behind)})`;
    return [
      `${mirror}, mirror of ${repository}, ${state}; ${last}.`,
      ...quarantineLines(mirror, quarantined, accept(repository)),
    ];
  });
}

/** What a mirror holds back, and the command to accept it. */
function quarantineLines(mirror: string, quarantined: readonly Quarantined[], command: string): string[] {
  if (quarantined.length === 0) return [];
  const shown = quarantined.slice(0, NAMED).map((one) => `  ${changeText(one)}: ${one.why}, seen since ${one.since}`);
  const rest = quarantined.length > NAMED ? [`  and ${quarantined.length - NAMED} more`] : [];
  return [
    `${mirror} holds back ${quarantined.length} refs and has what was there before:`,
    ...shown,
    ...rest,
    `If that is meant, type: ${command}`,
  ];
}

/** One ref's move. */
export function changeText({ ref, old, new: now }: RefChange): string {
  return `${ref} ${shortOf(old)} → ${shortOf(now)}`;
}

function shortOf(object: string | null): string {
  return object === null ? "(absent)" : object.slice(0, 8);
}

function some(names: readonly string[]): string {
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : "";
  return names.slice(0, NAMED).join(", ") + more;
}

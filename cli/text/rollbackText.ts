import type { Finished } from "../../recovery/rollback/finish.ts";
import { commandFor, type RolledApp } from "../../recovery/rollback/ports.ts";
import type { ReleaseStatus } from "../../recovery/rollback/releaseStatus.ts";
import type { Reverted } from "../../recovery/rollback/revertCommits.ts";
import type { RolledBack } from "../../recovery/rollback/rollBack.ts";

/** How a rollback has ended, and what to type next. */
export function rollbackLines(app: RolledApp, result: RolledBack): string[] {
  const { to, from, verdict, reasons, undone, notes, plan } = result;
  switch (verdict) {
    case "not asked":
      return [...plan, `Nothing was moved. To do it: \`${commandFor(app, ` --to ${to}`)}\`.`];
    case "healthy":
      return [
        `Deployment ${to} serves ${app.publicNames.join(", ")} and is healthy.`,
        ...notes,
        ...(result.holdsBuilds
          ? [
              `New deployments do not get the names. Take the bad commits back with \`${commandFor(app, " --revert-commit")}\`, or push a correction and run \`${commandFor(app, " finish")}\`.`,
            ]
          : []),
      ];
    case "unhealthy":
      return [
        `Deployment ${to} is unhealthy: ${reasons.join(" ")}`,
        undone
          ? `The names lead to deployment ${from ?? ""} again. Name another deployment: \`${commandFor(app, " status")}\` lists them.`
          : `The names stay there: there is no deployment to go back to. Name another one: \`${commandFor(app, " --to DEPLOYMENT")}\`.`,
      ];
    case "inconclusive":
      return [
        `Whether deployment ${to} is healthy is not known: ${reasons.join(" ")}`,
        `The names stay there. Ask again with \`${commandFor(app)}\`, or name another deployment: \`${commandFor(app, " --to DEPLOYMENT")}\`.`,
      ];
  }
}

/** What a revert has brought. */
export function revertLines({ commit, takenBack, deploymentId }: Reverted): string[] {
  return [
    commit === undefined
      ? `The branch had taken the bad commits back already; its deployment is ${deploymentId}.`
      : `Commit ${commit.slice(0, 12)} takes ${takenBack.length} commits back; its deployment is ${deploymentId}.`,
  ];
}

/** How the end of a rollback has gone. */
export function finishLines(app: RolledApp, result: Finished): string[] {
  const { project, to = "no deployment", verdict, reasons, undone, followsBuilds } = result;
  const next = followsBuilds
    ? "New deployments get the names by themselves."
    : "New deployments do not get the names by themselves.";
  switch (verdict) {
    case "not asked":
      return [`Project ${project} is not rolled back: deployment ${to} serves. ${next}`];
    case "healthy":
      return [`The rollback is over: deployment ${to} serves ${app.publicNames.join(", ")} and is healthy. ${next}`];
    default:
      return [
        `The deployment is ${verdict}: ${reasons.join(" ")}`,
        undone
          ? `The rollback is restored: deployment ${to} serves again. Correct the cause, push, and run \`${commandFor(app, " finish")}\`.`
          : `Deployment ${to} serves. ${next} Watch it again: \`${commandFor(app, ` --to ${to}`)}\`.`,
      ];
  }
}

/** Where an app's releases stand, and what to type. */
export function statusLines(app: RolledApp, status: ReleaseStatus): string[] {
  const { state, isRolledBack, candidates, heldCommits } = status;
  const serves = `Deployment ${state.servedId ?? "none"} serves ${app.publicNames.join(", ")}.`;
  const assignment = isRolledBack
    ? [
        `It was rolled back at ${state.lastMove?.at.toISOString() ?? ""}, from ${state.lastMove?.from ?? "no deployment"}. New deployments do not get the names.`,
        ...heldLines(app, heldCommits),
      ]
    : [
        state.followsBuilds
          ? "New deployments get the names by themselves."
          : "New deployments do not get the names by themselves, and no rollback is the reason: the project's setting is off.",
      ];
  return [
    serves,
    ...assignment,
    candidates.length === 0 ? "No earlier deployment can be taken." : "Earlier deployments, newest first:",
    ...candidates
      .slice(0, 10)
      .map(
        ({ id, createdAt, commit }) =>
          `  ${id}  ${createdAt.toISOString()}  ${commit?.slice(0, 12) ?? "without a commit"}`,
      ),
  ];
}

function heldLines(app: RolledApp, held: readonly string[] | undefined): string[] {
  if (held === undefined)
    return [
      `Whether ${app.branch} still holds the bad commits is not known. To end it: \`${commandFor(app, " finish --to DEPLOYMENT")}\`.`,
    ];
  return held.length === 0
    ? [`${app.branch} no longer holds the bad commits: \`${commandFor(app, " finish")}\`.`]
    : [
        `${app.branch} still holds ${held.length} bad commits: \`${commandFor(app, " --revert-commit")}\` takes them back.`,
      ];
}

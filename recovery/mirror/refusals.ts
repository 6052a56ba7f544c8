import type { PushedRef } from "../../services/codeHost/bareRepository.ts";

/**
 * Refuses a push of which the mirror refused a part.
 *
 * @throws Error that lists every refused ref with the mirror's reason, and what to do
 */
export function refuseRefusals(mirror: string, pushed: readonly PushedRef[]): void {
  const refused = pushed.filter(({ taken }) => !taken);
  if (refused.length === 0) return;
  const reasons = [...new Set(refused.map(({ reason }) => reason))];
  const list = reasons.map((why) => `${namesOf(refused.filter(({ reason }) => reason === why))} (${why})`).join(", ");
  throw new Error(
    `The mirror ${mirror} refused ${refused.length} of ${pushed.length} refs: ${list}. ${remedyOf(list)}`,
  );
}

const namesOf = (refs: readonly { name: string }[]): string => refs.map(({ name }) => name).join(", ");

/** What to do about refusals, by the host's words. GH008 is GitHub's error of files in Git LFS. */
function remedyOf(reasons: string): string {
  const remedies = [
    ...(reasons.includes("GH008")
      ? ["The mirror lacks files in Git LFS: push them to it with `git lfs push --all`."]
      : []),
    ...(/\bworkflow\b/.test(reasons)
      ? [
          "The token of the mirror may not change workflows: MIRROR_GITHUB_TOKEN, or GITHUB_TOKEN in its place. Give a fine-grained one `workflows: write`, a classic one the scope `workflow` (docs/accounts.md).",
        ]
      : []),
    ...(reasons.includes("stale info") ? ["Another push has changed the mirror in this moment."] : []),
  ];
  return remedies.length === 0 ? "Check its branch protection." : `${remedies.join(" ")} Then run the mirror again.`;
}

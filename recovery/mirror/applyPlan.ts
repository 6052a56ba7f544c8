import type { BareRepository, Push } from "../../services/codeHost/bareRepository.ts";
import type { RemoteListing } from "../../services/codeHost/git.ts";
import type { MirrorRun } from "./mirrorRun.ts";
import type { MirrorPlan } from "./plan.ts";
import { branchOf, branchRef } from "./refs.ts";
import { refuseRefusals } from "./refusals.ts";

/**
 * Pushes what a plan says, in the order in which nothing is lost and no name is in another's way: tips that need a name, deletions, all else. A host refuses to
 * delete the default branch, so that it changes before its deletion. Reads the mirror: a push that was accepted is not yet proof.
 */
export async function applyPlan(
  copy: BareRepository,
  run: Pick<MirrorRun, "git" | "target" | "signal" | "reporter">,
  wanted: { plan: MirrorPlan; mirror: RemoteListing; defaultBranch: string | undefined },
): Promise<RemoteListing> {
  const { target, signal, reporter } = run;
  const { plan } = wanted;
  if (plan.pushes.length > 0) reporter(`pushing ${plan.pushes.length} refs to ${target.url}`);
  const isGone = (ref: string) => plan.pushes.some(({ name, object }) => name === ref && object === undefined);
  const branches = (refs: readonly string[]) => refs.flatMap((ref) => branchOf(ref) ?? []);
  const ruled = {
    rewritten: branches(plan.rewritten.filter((ref) => !isGone(ref))),
    deleted: branches(plan.rewritten.filter(isGone)),
  };
  const push = () => pushInOrder(copy, run, wanted);
  const { withoutRules } = target;
  const isFree = ruled.rewritten.length + ruled.deleted.length === 0 || withoutRules === undefined;
  const after = await (isFree ? push() : withoutRules(ruled, push, signal));
  const there = new Map(after.refs.map(({ name, object }) => [name, object]));
  const wrong = [...plan.keeps, ...plan.pushes].filter(({ name, object }) => there.get(name) !== object);
  if (wrong.length > 0)
    throw new Error(
      `The mirror ${target.url} does not show what was pushed to it: ${wrong.map(({ name }) => name).join(", ")}. Run the mirror again.`,
    );
  return after;
}

async function pushInOrder(
  copy: BareRepository,
  { git, target, signal, reporter }: Pick<MirrorRun, "git" | "target" | "signal" | "reporter">,
  { plan, mirror, defaultBranch }: { plan: MirrorPlan; mirror: RemoteListing; defaultBranch: string | undefined },
): Promise<RemoteListing> {
  const isLast = ({ name, object }: Push) => object === undefined && branchOf(name) === mirror.defaultBranch;
  const last = plan.pushes.filter(isLast);
  const first = plan.pushes.filter((one) => !isLast(one));
  const steps = [
    plan.keeps,
    first.filter(({ object }) => object === undefined),
    first.filter(({ object }) => object !== undefined),
  ];
  for (const step of steps) if (step.length > 0) refuseRefusals(target.url, await copy.push(target.url, step, signal));
  let after = await git.listing(target.url, signal);
  if (defaultBranch !== undefined && after.defaultBranch !== defaultBranch && hasBranch(after, defaultBranch)) {
    reporter(`making ${defaultBranch} the default branch of ${target.url}`);
    await target.setDefaultBranch(defaultBranch, signal);
    after = await git.listing(target.url, signal);
  }
  if (last.length > 0) {
    refuseRefusals(target.url, await copy.push(target.url, last, signal));
    after = await git.listing(target.url, signal);
  }
  return after;
}

function hasBranch({ refs }: RemoteListing, branch: string): boolean {
  return refs.some(({ name }) => name === branchRef(branch));
}

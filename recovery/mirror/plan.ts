import type { Push } from "../../services/codeHost/bareRepository.ts";
import type { Quarantined, RefChange } from "./record.ts";
import { branchOf, keptName, keptRef, type Refs } from "./refs.ts";

/** Deletions in one run above which they are held back: so many, or this share of what the run before has seen. */
const MANY = 10;
const MANY_SHARE = 0.3;

/** What a run knows when it decides. */
export interface MirrorFacts {
  /** The source's mirrored refs. */
  now: Refs;
  /** Those of the last complete run; undefined if there was none. */
  seen: Refs | undefined;
  /** The mirror's own. */
  found: Refs;
  /** Names under {@link keptName} in the mirror. */
  kept: Refs;
  /** What the mirror holds back. */
  quarantined: readonly Quarantined[];
  /** Branches whose history only a person may have rewritten or deleted: default ones and protected ones. */
  protectedBranches: ReadonlySet<string>;
  /** Refs that a person lets through. */
  accepted: ReadonlySet<string>;
  /** Whether the first commit is in the history of the second. */
  isAncestor: (older: string, newer: string) => boolean;
  /** Whether an object can be pushed. */
  isHere: (object: string) => boolean;
  /** When the run began. */
  time: Date;
}

/** What a run does. */
export interface MirrorPlan {
  /** Refs of the mirror that change. */
  pushes: Push[];
  /** Those of them that the mirror may refuse by its own rules, because they are no continuation: full names. */
  rewritten: string[];
  /** Tips that get a name of their own before. */
  keeps: Push[];
  quarantined: Quarantined[];
  accepted: RefChange[];
  /** Refs of the source that have moved, without those in quarantine. */
  updated: RefChange[];
  /** Refs of the mirror that another hand has moved: `old` is what they should have been, `new` what was found. */
  diverged: RefChange[];
}

/**
 * Decides what a mirror becomes. It follows its source, except that it holds back what destroys: a rewritten or deleted branch among the
 * protected ones, a moved tag, and many deletions at once. Whatever else loses a tip gives it a name first. Pure.
 */
export function planMirror(facts: MirrorFacts): MirrorPlan {
  const { now, seen, found, accepted, time, isAncestor } = facts;
  const held = new Map(facts.quarantined.map((one) => [one.ref, one]));
  const kept = keptTips(facts.kept);
  const before = seen ?? found;
  /** What the mirror should hold, as the last run has left it. */
  const trustedOf = (ref: string) => (held.has(ref) ? (held.get(ref)?.old ?? undefined) : before.get(ref));
  const names = new Set([...now.keys(), ...before.keys(), ...found.keys(), ...held.keys()]);
  const gone = [...names].filter((ref) => !held.has(ref) && before.has(ref) && !now.has(ref));
  const unasked = gone.filter((ref) => !accepted.has(ref));
  const isMass = unasked.length > Math.max(MANY, MANY_SHARE * before.size);
  const mass = isMass ? `${unasked.length} of ${before.size} refs were deleted at once` : undefined;
  const plan: MirrorPlan = {
    pushes: [],
    rewritten: [],
    keeps: [],
    quarantined: [],
    accepted: [],
    updated: [],
    diverged: [],
  };
  for (const ref of [...names].sort()) {
    const [trusted, is, want] = [trustedOf(ref), found.get(ref), now.get(ref)];
    const why = reasonToHold(facts, { ref, trusted, want, mass, held: held.get(ref), kept: kept.get(ref) });
    const change = { ref, old: trusted ?? null, new: want ?? null };
    const isHeld = why !== undefined && !accepted.has(ref);
    if (isHeld) plan.quarantined.push({ ...change, since: held.get(ref)?.since ?? time.toISOString(), why });
    else if (why !== undefined) plan.accepted.push(change);
    if (!isHeld && trusted !== want) plan.updated.push(change);
    // A run that was interrupted after its push has left what the source had then.
    const isOwn = is === trusted || is === want || (is !== undefined && want !== undefined && isAncestor(is, want));
    if (seen !== undefined && !isOwn) plan.diverged.push({ ref, old: trusted ?? null, new: is ?? null });
    const target = !isHeld ? want : trusted === undefined || facts.isHere(trusted) ? trusted : is;
    if (is === target) continue;
    plan.pushes.push({ name: ref, object: target, expected: is });
    if (is === undefined || (target !== undefined && isAncestor(is, target))) continue;
    plan.rewritten.push(ref);
    if (kept.get(ref)?.has(is)) continue;
    plan.keeps.push({ name: keptName(time, ref), object: is, expected: undefined });
  }
  return plan;
}

/** Why the mirror does not follow, in a clause; undefined if it does. */
function reasonToHold(
  { protectedBranches, isAncestor }: Pick<MirrorFacts, "protectedBranches" | "isAncestor">,
  one: {
    ref: string;
    trusted: string | undefined;
    want: string | undefined;
    mass: string | undefined;
    held: Quarantined | undefined;
    kept: ReadonlySet<string> | undefined;
  },
): string | undefined {
  const { ref, trusted, want } = one;
  if (trusted === want) return undefined;
  const branch = branchOf(ref);
  const isProtected = branch !== undefined && protectedBranches.has(branch);
  const isTag = ref.startsWith("refs/tags/");
  if (want === undefined) {
    if (isProtected) return "the default branch or a protected one was deleted";
    return one.held?.why ?? one.mass;
  }
  if (trusted === undefined) {
    const isBack = isTag && one.kept !== undefined && !one.kept.has(want);
    return isBack ? "a deleted tag came back with another object" : undefined;
  }
  if (isTag) return "the tag was moved";
  return isProtected && !isAncestor(trusted, want) ? "the branch's history was rewritten" : undefined;
}

/** The tips that have a name of their own already, by ref. */
function keptTips(kept: Refs): ReadonlyMap<string, ReadonlySet<string>> {
  const tips = new Map<string, Set<string>>();
  for (const [name, object] of kept) {
    const ref = keptRef(name);
    if (ref !== undefined) tips.set(ref, (tips.get(ref) ?? new Set()).add(object));
  }
  return tips;
}

import { join } from "node:path";

import type { BareRepository } from "../../services/codeHost/bareRepository.ts";
import { withTemporaryFolder } from "../../services/common/temporaryFolder.ts";
import { applyPlan } from "./applyPlan.ts";
import type { MirrorRun } from "./mirrorRun.ts";
import { isCurrent, keptIn, readState, writeState } from "./mirrorState.ts";
import { type MirrorPlan, planMirror } from "./plan.ts";
import type { Quarantined, RefChange } from "./record.ts";
import { branchOf, branchRef, MIRRORED, mirroredOf, type Refs } from "./refs.ts";
import { refuseRefusals } from "./refusals.ts";

/** What the mirror holds after a run. */
export interface MirrorResult {
  /** How many refs of the source the mirror holds. */
  refs: number;
  /** Newest commit of each branch in the mirror, by its short name. */
  heads: Record<string, string>;
  /** Refs that the mirror has followed in this run. */
  updated: RefChange[];
  /** Names that tips got which the source has lost. */
  kept: string[];
  /** Refs that the mirror holds back. */
  quarantined: Quarantined[];
  /** Refs of the mirror that another hand had moved. They are kept under names of their own. */
  diverged: RefChange[];
  accepted: RefChange[];
  /** How many files in Git LFS the mirror lacked. */
  largeFiles: number;
  durationMs: number;
}

/**
 * Brings a mirror up to date with its source: branches, tags and notes, their files in Git LFS, and the default branch. What would destroy is held
 * back (plan.ts), and a tip that the source has lost gets a name below `refs/castchat/kept/` before the mirror follows. A source without
 * any ref has an empty mirror. Each step leaves a state from which the next run comes to the same end.
 *
 * @throws Error that lists every ref that the mirror refused; GitError, ServiceError of either host
 */
export async function mirrorRepository(run: MirrorRun): Promise<MirrorResult> {
  const { git, source, target, accepted, signal, clock } = run;
  const time = clock();
  const [shown, mirror] = await Promise.all([git.listing(source.url, signal), git.listing(target.url, signal)]);
  const durationMs = () => clock().getTime() - time.getTime();
  const refs = mirroredOf(mirror.refs);
  const nothing = { updated: [], kept: [], diverged: [], accepted: [], largeFiles: 0 };
  const asItIs = (quarantined: Quarantined[]): MirrorResult => {
    return { refs: refs.size, heads: headsOf(refs), ...nothing, quarantined, durationMs: durationMs() };
  };
  if (isCurrent(shown, mirror) && accepted === undefined) return asItIs([]);
  return withTemporaryFolder("mirror", async (folder) => {
    const state = git.bare(join(folder, "state.git"));
    const { seen, record } = await readState(state, target.url, mirror, signal);
    const quarantined = record?.quarantined ?? [];
    if (isCurrent(shown, mirror, quarantined) && accepted === undefined) return asItIs(quarantined);
    const rules = await source.protectedBranches(signal);
    const earlier = record?.protectedBranches ?? [];
    const guarded = [...rules, ...earlier, shown.defaultBranch, mirror.defaultBranch];
    const copy = git.bare(join(folder, "copy.git"));
    const now = await copySource(copy, run, mirroredOf(shown.refs));
    const found = refs;
    await copyLost(copy, target.url, { now, found }, signal);
    const plan = planMirror({
      ...(await historyOf(copy, { now, found, seen, quarantined }, signal)),
      now,
      seen,
      found,
      kept: keptIn(mirror),
      quarantined,
      protectedBranches: new Set(guarded.flatMap((branch) => branch ?? [])),
      accepted: accepted ?? new Set(),
      time,
    });
    const largeFiles = await copyLargeFiles(copy, run, { plan, found });
    const after = await applyPlan(copy, run, { plan, mirror, defaultBranch: shown.defaultBranch });
    const held = earlier.filter((branch) => plan.quarantined.some(({ ref }) => ref === branchRef(branch)));
    const protectedBranches = [...new Set([...rules, ...held])].sort();
    const isNews =
      plan.updated.length + plan.accepted.length + plan.pushes.length > 0 ||
      JSON.stringify([plan.quarantined, protectedBranches]) !== JSON.stringify([quarantined, earlier]);
    const news = { ...pick(plan), protectedBranches, at: time.toISOString() };
    refuseRefusals(
      target.url,
      await writeState(state, target.url, mirror, { seen: now, record: isNews ? news : undefined }, signal),
    );
    const there = mirroredOf(after.refs);
    const kept = plan.keeps.map(({ name }) => name);
    const { diverged } = plan;
    return {
      refs: there.size,
      heads: headsOf(there),
      ...pick(plan),
      kept,
      diverged,
      largeFiles,
      durationMs: durationMs(),
    };
  });
}

const pick = ({ updated, quarantined, accepted }: MirrorPlan) => ({ updated, quarantined, accepted });

/** Fetches the source whole. Returns its refs as they were fetched, which is later than its listing. */
async function copySource(
  copy: BareRepository,
  { source, target, signal, reporter }: MirrorRun,
  shown: Refs,
): Promise<Refs> {
  await copy.create(signal, target.lender);
  if (shown.size === 0) return shown;
  reporter(`copying ${source.url}`);
  const refspecs = MIRRORED.map((prefix) => `+${prefix}*:refs/source/${prefix.slice("refs/".length)}*`);
  await copy.fetch(source.url, refspecs, signal);
  const fetched = await copy.refs("refs/source/", signal);
  return new Map(fetched.map(({ name, object }) => [name.replace("refs/source/", "refs/"), object]));
}

/** Fetches those of the mirror's refs that the source has not: they may need a name, and their history is compared. */
async function copyLost(
  copy: BareRepository,
  mirrorUrl: string,
  { now, found }: { now: Refs; found: Refs },
  signal: AbortSignal,
): Promise<void> {
  const differing = [...found].filter(([name, object]) => now.get(name) !== object).map(([name]) => name);
  if (differing.length === 0) return;
  await copy.fetch(
    mirrorUrl,
    differing.map((name) => `+${name}:refs/mirror/${name.slice("refs/".length)}`),
    signal,
  );
}

/** Which commits follow on which, for the pairs that a plan may ask about, and which objects the copy holds. */
async function historyOf(
  copy: BareRepository,
  {
    now,
    found,
    seen,
    quarantined,
  }: { now: Refs; found: Refs; seen: Refs | undefined; quarantined: readonly Quarantined[] },
  signal: AbortSignal,
) {
  const held = new Map(quarantined.flatMap(({ ref, old }) => (old === null ? [] : [[ref, old] as const])));
  const all = [now, found, seen ?? new Map<string, string>(), held];
  const follows = new Set<string>();
  const pair = (older: string, newer: string) => `${older} ${newer}`;
  for (const ref of new Set([...found.keys(), ...held.keys(), ...(seen?.keys() ?? [])])) {
    if (ref.startsWith("refs/tags/")) continue;
    const tips = [...new Set(all.flatMap((refs) => refs.get(ref) ?? []))];
    for (const older of tips)
      for (const newer of tips)
        if (older !== newer && (await copy.isAncestor(older, newer, signal))) follows.add(pair(older, newer));
  }
  const olds = [...new Set([...found.values(), ...(seen?.values() ?? []), ...held.values()])];
  const here = await copy.holds(olds, signal);
  return {
    isAncestor: (older: string, newer: string) => older === newer || follows.has(pair(older, newer)),
    isHere: (object: string) => here.has(object),
  };
}

/** GitHub refuses a push that points to files in Git LFS which it does not have (GH008), so these come first. */
async function copyLargeFiles(
  copy: BareRepository,
  { git, source, target, signal, reporter }: MirrorRun,
  { plan, found }: { plan: MirrorPlan; found: Refs },
): Promise<number> {
  const pushed = plan.pushes.flatMap(({ object }) => object ?? []);
  const known = await copy.holds([...new Set(found.values())], signal);
  const objects = await copy.lfsObjects(pushed, [...known], signal);
  if (objects.length === 0) return 0;
  reporter(`copying what the mirror lacks of ${objects.length} files in Git LFS`);
  return await git.copyLfsObjects(objects, source.url, target.url, signal);
}

function headsOf(refs: Refs): Record<string, string> {
  return Object.fromEntries(
    [...refs].flatMap(([name, object]) => {
      const branch = branchOf(name);
      return branch === undefined ? [] : [[branch, object]];
    }),
  );
}

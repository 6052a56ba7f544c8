import { describe, expect, it } from "@jest/globals";

import { type MirrorFacts, type MirrorPlan, planMirror } from "../../../recovery/mirror/plan.ts";
import type { Quarantined } from "../../../recovery/mirror/record.ts";
import { keptName } from "../../../recovery/mirror/refs.ts";

const TIME = new Date("2026-12-01T01:45:00Z");
const EARLIER = "2026-11-30T00:00:00.000Z";
/** History in these tests: a ← b ← c, and x beside them. */
const ORDER = "abc";
const isAncestor = (older: string, newer: string) =>
  older === newer || (ORDER.includes(older) && ORDER.includes(newer) && ORDER.indexOf(older) < ORDER.indexOf(newer));

/** Refs as { "heads/main": "a" }. */
type Short = Readonly<Record<string, string>>;
const refs = (short: Short) =>
  new Map(Object.entries(short).map(([name, object]) => [`refs/${name}`, object] as const));
const held = (ref: string, old: string | null, now: string | null, why = "before"): Quarantined => ({
  ref: `refs/${ref}`,
  old,
  new: now,
  since: EARLIER,
  why,
});

function planned({
  seen,
  found,
  now,
  ...more
}: { seen?: Short; found: Short; now: Short; accepted?: string[]; kept?: Short } & Partial<
  Pick<MirrorFacts, "quarantined">
>): MirrorPlan {
  return planMirror({
    now: refs(now),
    seen: seen && refs(seen),
    found: refs(found),
    kept: refs(more.kept ?? {}),
    quarantined: more.quarantined ?? [],
    protectedBranches: new Set(["main", "release"]),
    accepted: new Set((more.accepted ?? []).map((name) => `refs/${name}`)),
    isAncestor,
    isHere: (object) => object !== "lost",
    time: TIME,
  });
}
/** A plan in short: what is pushed ("-" deletes), kept, held back, and found to be another hand's. */
function short({ pushes, keeps, quarantined, diverged }: MirrorPlan) {
  const name = (ref: string) => ref.replace("refs/", "");
  return {
    pushed: Object.fromEntries(pushes.map((one) => [name(one.name), one.object ?? "-"])),
    kept: keeps.map((one) => `${name(one.name).replace("castchat/kept/20261201T014500Z/", "")}=${one.object}`),
    held: quarantined.map(({ ref, why }) => `${name(ref)}: ${why}`),
    diverged: diverged.map(({ ref }) => name(ref)),
  };
}
const REWRITTEN = "the branch's history was rewritten";
const DELETED = "the default branch or a protected one was deleted";
const NOTHING = { pushed: {}, kept: [], held: [], diverged: [] };
const many = (count: number, from = 0) =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`heads/b${String(at + from).padStart(3, "0")}`, "x"]));

describe("a mirror's plan", () => {
  const main = { "heads/main": "a" };
  it.each<[string, Parameters<typeof planned>[0], Partial<ReturnType<typeof short>>]>([
    ["nothing of an empty source", { found: {}, now: {} }, {}],
    ["everything at first", { found: {}, now: { ...main, "tags/v1": "t" } }, { pushed: { ...main, "tags/v1": "t" } }],
    ["nothing when nothing has moved", { seen: main, found: main, now: main }, {}],
    [
      "a branch with a new commit",
      { seen: main, found: main, now: { "heads/main": "b" } },
      { pushed: { "heads/main": "b" } },
    ],
    [
      "a branch that was rewritten, whose tip is kept",
      { seen: { "heads/t": "b" }, found: { "heads/t": "b" }, now: { "heads/t": "x" } },
      { pushed: { "heads/t": "x" }, kept: ["heads/t=b"] },
    ],
    [
      "a deleted branch and a deleted tag, whose tips are kept",
      {
        seen: { ...main, "heads/t": "b", "tags/v1": "t" },
        found: { ...main, "heads/t": "b", "tags/v1": "t" },
        now: main,
      },
      { pushed: { "heads/t": "-", "tags/v1": "-" }, kept: ["heads/t=b", "tags/v1=t"] },
    ],
    [
      "notes that were rewritten",
      { seen: { "notes/commits": "a" }, found: { "notes/commits": "a" }, now: { "notes/commits": "x" } },
      { pushed: { "notes/commits": "x" }, kept: ["notes/commits=a"] },
    ],
    [
      "not a protected branch that was rewritten",
      { seen: { "heads/main": "b" }, found: { "heads/main": "b" }, now: { "heads/main": "x" } },
      { held: [`heads/main: ${REWRITTEN}`] },
    ],
    [
      "not one that was set back",
      { seen: { "heads/release": "b" }, found: { "heads/release": "b" }, now: { "heads/release": "a" } },
      { held: [`heads/release: ${REWRITTEN}`] },
    ],
    [
      "not the deletion of a protected branch",
      { seen: main, found: main, now: {} },
      { held: [`heads/main: ${DELETED}`] },
    ],
    [
      "not a moved tag, also forwards",
      { seen: { "tags/v1": "a" }, found: { "tags/v1": "a" }, now: { "tags/v1": "b" } },
      { held: ["tags/v1: the tag was moved"] },
    ],
    [
      "not a tag that comes back with another object",
      {
        seen: main,
        found: main,
        now: { ...main, "tags/v1": "u" },
        kept: { "castchat/kept/20261101T000000Z/tags/v1": "t" },
      },
      { held: ["tags/v1: a deleted tag came back with another object"] },
    ],
    [
      "a tag that comes back as it was",
      {
        seen: main,
        found: main,
        now: { ...main, "tags/v1": "t" },
        kept: { "castchat/kept/20261101T000000Z/tags/v1": "t" },
      },
      { pushed: { "tags/v1": "t" } },
    ],
    [
      "the other refs beside one that is held back",
      {
        seen: { "heads/main": "b", "heads/t": "a" },
        found: { "heads/main": "b", "heads/t": "a" },
        now: { "heads/main": "x", "heads/t": "b" },
      },
      { pushed: { "heads/t": "b" }, held: [`heads/main: ${REWRITTEN}`] },
    ],
    [
      "a branch after its history is back",
      {
        seen: { "heads/main": "x" },
        found: { "heads/main": "b" },
        now: { "heads/main": "c" },
        quarantined: [held("heads/main", "b", "x")],
      },
      { pushed: { "heads/main": "c" } },
    ],
    [
      "not a new commit on the rewritten history",
      {
        seen: { "heads/main": "x" },
        found: { "heads/main": "b" },
        now: { "heads/main": "y" },
        quarantined: [held("heads/main", "b", "x")],
      },
      { held: [`heads/main: ${REWRITTEN}`] },
    ],
    [
      "a rewritten branch that a person accepts",
      {
        seen: { "heads/main": "x" },
        found: { "heads/main": "b" },
        now: { "heads/main": "x" },
        quarantined: [held("heads/main", "b", "x")],
        accepted: ["heads/main"],
      },
      { pushed: { "heads/main": "x" }, kept: ["heads/main=b"] },
    ],
    [
      "over what another hand pushed, which is kept",
      { seen: main, found: { "heads/main": "x", "heads/own": "x" }, now: main },
      {
        pushed: { "heads/main": "a", "heads/own": "-" },
        kept: ["heads/main=x", "heads/own=x"],
        diverged: ["heads/main", "heads/own"],
      },
    ],
    [
      "a branch that another hand deleted",
      { seen: main, found: {}, now: main },
      { pushed: main, diverged: ["heads/main"] },
    ],
    [
      "another hand's push by what is held back",
      { seen: { "heads/main": "b" }, found: { "heads/main": "y" }, now: { "heads/main": "x" } },
      {
        pushed: { "heads/main": "b" },
        kept: ["heads/main=y"],
        held: [`heads/main: ${REWRITTEN}`],
        diverged: ["heads/main"],
      },
    ],
    [
      "nothing over another hand's push while what was there is lost",
      { seen: { "heads/main": "lost" }, found: { "heads/main": "y" }, now: { "heads/main": "x" } },
      { held: [`heads/main: ${REWRITTEN}`], diverged: ["heads/main"] },
    ],
    [
      "no second name for a tip of an interrupted run, which is not another hand's",
      {
        seen: { "heads/t": "b" },
        found: { "heads/t": "b" },
        now: { "heads/t": "x" },
        kept: { "castchat/kept/20261130T000000Z/heads/t": "b" },
      },
      { pushed: { "heads/t": "x" } },
    ],
    [
      "what an interrupted run has pushed already",
      { seen: main, found: { "heads/main": "b" }, now: { "heads/main": "c" } },
      { pushed: { "heads/main": "c" } },
    ],
  ])("pushes %s", (_, facts, expected) => expect(short(planned(facts))).toEqual({ ...NOTHING, ...expected }));

  it.each([
    [10, 20, false],
    [11, 20, true],
    [30, 100, false],
    [31, 100, true],
  ])("holds back %i deletions of %i: %p", (gone, all, isHeld) => {
    const seen = many(all);
    const plan = short(planned({ seen, found: seen, now: many(all - gone, gone) }));
    expect(plan.held).toEqual(
      isHeld ? Object.keys(many(gone)).map((name) => `${name}: ${gone} of ${all} refs were deleted at once`) : [],
    );
    expect(Object.keys(plan.pushed)).toHaveLength(isHeld ? 0 : gone);
  });

  it("keeps a mass deletion back until it is accepted or undone, and follows further single deletions", () => {
    const found = many(40);
    const quarantined = Object.keys(many(20)).map((name) =>
      held(name, "x", null, "20 of 40 refs were deleted at once"),
    );
    const now = many(19, 21);
    const plan = planned({ seen: many(20, 20), found, now, quarantined });
    expect(short(plan)).toMatchObject({ pushed: { "heads/b020": "-" }, kept: ["heads/b020=x"] });
    expect(plan.quarantined).toEqual(quarantined);
    expect(short(planned({ seen: many(20, 20), found, now: many(40), quarantined }))).toEqual(NOTHING);
    const accepted = planned({
      seen: many(20, 20),
      found,
      now: many(20, 20),
      quarantined,
      accepted: Object.keys(many(20)),
    });
    expect(short(accepted)).toMatchObject({ held: [], pushed: { "heads/b000": "-", "heads/b019": "-" } });
    expect(accepted.accepted).toHaveLength(20);
    expect(accepted.keeps).toHaveLength(20);
  });

  it("says when a ref came into quarantine, and what the source has now", () => {
    const before = held("heads/main", "b", "x", REWRITTEN);
    const plan = planned({
      seen: { "heads/main": "x" },
      found: { "heads/main": "b" },
      now: { "heads/main": "y" },
      quarantined: [before],
    });
    expect(plan.quarantined).toEqual([{ ...before, new: "y" }]);
    const first = planned({ seen: { "heads/main": "b" }, found: { "heads/main": "b" }, now: {} });
    expect(first.quarantined).toEqual([
      { ref: "refs/heads/main", old: "b", new: null, since: TIME.toISOString(), why: DELETED },
    ]);
  });

  it("expects of the mirror what it was planned on", () => {
    const plan = planned({
      seen: { "heads/t": "b" },
      found: { "heads/t": "b" },
      now: { "heads/t": "x", "heads/new": "a" },
    });
    expect(plan.pushes).toEqual([
      { name: "refs/heads/new", object: "a", expected: undefined },
      { name: "refs/heads/t", object: "x", expected: "b" },
    ]);
    expect(plan.keeps).toEqual([{ name: keptName(TIME, "refs/heads/t"), object: "b", expected: undefined }]);
  });
});

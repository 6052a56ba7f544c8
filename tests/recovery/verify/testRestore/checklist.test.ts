import { describe, expect, it } from "@jest/globals";

import { CHECKLIST, type ChecklistItem, type CheckState } from "../../../../recovery/vault/verification.ts";
import { type CheckLine, hasPassed, stateOf } from "../../../../recovery/verify/testRestore/checklist.ts";

const [RESTORATION, SCHEMA, INTEGRITY, CONNECTIVITY] = CHECKLIST;
const line = (item: ChecklistItem, state: CheckState): CheckLine => ({ item, what: "x", state, detail: "" });
const sound = CHECKLIST.map((item) => line(item, "ok"));
/** A sound list in which an item has these lines instead. */
const withLines = (item: ChecklistItem, ...states: CheckState[]) => [
  ...sound.filter((one) => one.item !== item),
  ...states.map((state) => line(item, state)),
];

describe("a test restore", () => {
  it.each<[string, boolean, CheckLine[]]>([
    ["all is well", true, sound],
    ["something is not", false, [...sound, line(CONNECTIVITY, "not ok")]],
    ["what needs an app could not be checked", true, withLines(CONNECTIVITY, "not checked")],
    ["a part of the integrity could not be checked", true, withLines(INTEGRITY, "ok", "not checked")],
    ["nothing was restored", false, withLines(RESTORATION, "not checked")],
    ["no definition could be checked", false, withLines(SCHEMA, "not checked")],
    ["no row could be checked", false, withLines(INTEGRITY, "not checked")],
    ["there is no line of an item that it needs", false, withLines(INTEGRITY)],
    ["there are no lines at all", false, []],
  ])("where %s has passed: %s", (_case, expected, lines) => {
    expect(hasPassed(lines)).toBe(expected);
  });
});

describe("an item's state", () => {
  it.each<[CheckState[], CheckState | "partly"]>([
    [["ok", "ok"], "ok"],
    [["ok", "not checked"], "partly"],
    [["ok", "not checked", "not ok"], "not ok"],
    [["not checked"], "not checked"],
    [[], "not checked"],
  ])("of lines that are %j is %s", (states, expected) => {
    expect(stateOf(withLines(SCHEMA, ...states), SCHEMA)).toBe(expected);
  });
});

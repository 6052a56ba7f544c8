import { describe, expect, it } from "@jest/globals";

import { revertMessage, stillHeld } from "../../../recovery/rollback/badCommits.ts";
import type { HistoryCommit } from "../../../services/codeHost/gitHistory.ts";

const id = (letter: string) => letter.repeat(40);
const commit = (letter: string, message = letter): HistoryCommit => ({ id: id(letter), message, isMerge: false });
const reverts = (letter: string, ...of: string[]) =>
  commit(letter, `Revert\n\n${of.map((one) => `This reverts commit ${one}.`).join("\n")}`);
const [bad, worse] = [commit("b"), commit("c")];
const names = (commits: readonly HistoryCommit[]) => commits.map((one) => one.id[0]);

describe("the bad commits that a branch still holds", () => {
  it.each([
    ["all, if nothing came later", [worse, bad], ["c", "b"]],
    ["all, if something else came later", [commit("d"), worse, bad], ["c", "b"]],
    ["those that no revert names", [reverts("d", id("c")), worse, bad], ["b"]],
    ["none, if each has a revert", [reverts("e", id("b")), reverts("d", id("c")), worse, bad], []],
    ["none, if one revert names all", [reverts("d", id("c"), id("b")), worse, bad], []],
    [
      "none, if a revert shortens their names",
      [reverts("d", id("c").slice(0, 9), id("b").slice(0, 7)), worse, bad],
      [],
    ],
    [
      "those whose revert was taken back",
      [reverts("e", id("d")), reverts("d", id("c"), id("b")), worse, bad],
      ["c", "b"],
    ],
    [
      "none, if the taking back was taken back",
      [reverts("f", id("e")), reverts("e", id("d")), reverts("d", id("c"), id("b")), worse, bad],
      [],
    ],
    ["all, if a revert names commits of another branch", [reverts("d", id("9")), worse, bad], ["c", "b"]],
  ])("are %s", (_, later, expected) => {
    expect(names(stillHeld([worse, bad], later))).toEqual(expected);
  });

  it("are taken back by a message that is recognized again", () => {
    const [one, both] = [revertMessage([bad]), revertMessage([worse, bad])];
    expect(one).toBe(`Revert "b"\n\nThis reverts commit ${id("b")}.\n`);
    expect(both.split("\n")[0]).toBe("Revert the 2 commits of a bad release");
    expect(stillHeld([worse, bad], [commit("d", both), worse, bad])).toEqual([]);
    expect(revertMessage([commit("b", `${"long ".repeat(30)}\n\nbody`)]).split("\n")[0]!.length).toBeLessThanOrEqual(
      72,
    );
  });
});

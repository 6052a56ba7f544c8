import { globSync, readFileSync } from "node:fs";

import { expect, it } from "@jest/globals";
import ts from "typescript";

import { PROJECT_ROOT } from "../../lab/sandbox/host/layout.ts";

/** A statement that changes or deletes rows. `on conflict … do update` is an INSERT. */
const CHANGES = /\b(?:delete\s+from|update\s+(?:only\s+)?[^\s;]+(?:\s+\w+)?\s+set)\s/i;
/** What stands for a condition in a template: the constant of every row, or a condition that is given. */
const CONDITION = /\bwhere\b|\$\{[^}]*EVERY_ROW\}/i;

/** Statements of a text that change rows without a condition. */
const unconditional = (text: string) =>
  text.split(";").filter((statement) => CHANGES.test(statement) && !CONDITION.test(statement));

/** Every literal of a program that may be SQL. A placeholder is as it is written. */
function literalsOf(source: string): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) found.push(node.text);
    else if (ts.isTemplateExpression(node)) found.push(node.getText());
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile("file.ts", source, ts.ScriptTarget.Latest, true));
  return found;
}

it("finds a statement without a condition, as safeupdate does", () => {
  const texts = [
    "delete from a",
    "begin; update only a.b set c = 1; commit",
    "update a b set c = 1",
    'delete from only "a" where true',
    "insert into a values (1) on conflict (b) do update set b = 1",
    "create trigger t before update on a",
  ];
  expect(texts.map((text) => unconditional(text).length)).toEqual([1, 1, 1, 0, 0, 0]);
  expect(literalsOf("q(`delete from ${a}`); q('x')").flatMap(unconditional)).toEqual(["`delete from ${a}`"]);
});

it("no statement of the program or of the restore by hand is refused where safeupdate is on", () => {
  const files = globSync("{recovery,cli,provider,runner}/**/*.{ts,sql}", { cwd: PROJECT_ROOT });
  expect(files.filter((file) => file.endsWith(".sql"))).not.toEqual([]);
  const found = [...files, "docs/restore-by-hand.md"].flatMap((file) => {
    const text = readFileSync(`${PROJECT_ROOT}/${file}`, "utf8");
    const literals = file.endsWith(".ts") ? literalsOf(text) : [text];
    return literals.flatMap(unconditional).map((statement) => `${file}: ${statement.trim()}`);
  });
  expect(found).toEqual([]);
});

/**
 * Finds dialect in comments, messages and docs: `make prose`. Each line of the output is a place, and the plain words for it. Exit 1 if
 * there is any.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

import ts from "typescript";

/** What to find, and what to write instead. */
const RULES = [
  [/\banew\b/i, "again, or from scratch"],
  [/\bwhoever\b/i, "name the actor"],
  [/\bnobody\b/i, "name the actor: no session, no role, no other run"],
  [/\bsomebody\b/i, "name the actor: a person, another session"],
  [/\balone\b/i, "only"],
  [/\b(?:is|are|was|were|be) told\b/i, "reports, prints or learns, with the actor as the subject"],
  [/\btells?\b/i, "says, reports or prints"],
  [/\bgo(?:es)? on\b/i, "continues"],
  [/\blets? go of\b/i, "releases"],
  [/\bin the midst of\b/i, "during"],
  [/\bgives? way\b/i, "yields"],
  [/\bthat is none\b/i, "say what it is instead"],
  [/\bis none of\b/i, "is not one of, or does not belong to"],
];

/** Right uses: the file, and a piece of the text. */
const ALLOWED = [
  ["tools/prose.js", ""],
  ["CHANGELOG.md", "stand-alone"],
  ["lab/sandbox/postgres/binaries.ts", "`nobody`"], // a Unix user
  ["lab/sandbox/sample/behaviour.sql", 'policy "nobody"'],
  ["tests/lab/sandbox/emulators/", "nobody@"],
];

const files = execFileSync("git", ["ls-files", "*.ts", "*.md", "*.sql", "*.sh", "*.js", "Makefile"], {
  encoding: "utf8",
})
  .split("\n")
  .filter((file) => file !== "" && !file.startsWith("tests/fixtures/"));

/** A TypeScript file's comments and texts with their lines, including a test's names. */
function spokenIn(text) {
  const scanner = ts.createScanner(ts.ScriptTarget.ESNext, false, ts.LanguageVariant.Standard, text);
  const lines = text.split("\n");
  const spoken = [];
  const SPOKEN = new Set([
    ts.SyntaxKind.SingleLineCommentTrivia,
    ts.SyntaxKind.MultiLineCommentTrivia,
    ts.SyntaxKind.StringLiteral,
    ts.SyntaxKind.NoSubstitutionTemplateLiteral,
  ]);
  let kind = scanner.scan();
  while (kind !== ts.SyntaxKind.EndOfFileToken) {
    if (SPOKEN.has(kind)) spoken.push([scanner.getTokenStart(), scanner.getTokenText()]);
    kind = scanner.scan();
  }
  // Templates with values are not scanned as a whole, so their lines are checked as they are.
  for (const [index, line] of lines.entries()) if (line.includes("${")) spoken.push([offsetOf(lines, index), line]);
  return spoken.flatMap(([start, piece]) =>
    piece.split("\n").map((line, index) => [lineOf(text, start) + index, line]),
  );
}

const offsetOf = (lines, index) => lines.slice(0, index).reduce((sum, line) => sum + line.length + 1, 0);
const lineOf = (text, offset) => text.slice(0, offset).split("\n").length;

let found = 0;
for (const file of files) {
  const text = readFileSync(file, "utf8");
  const pieces = file.endsWith(".ts") ? spokenIn(text) : text.split("\n").map((line, index) => [index + 1, line]);
  const seen = new Set();
  for (const [line, piece] of pieces) {
    for (const [pattern, instead] of RULES) {
      const [words] = pattern.exec(piece) ?? [];
      const key = `${line} ${words}`;
      if (words === undefined || seen.has(key)) continue;
      if (ALLOWED.some(([place, part]) => file.startsWith(place) && piece.includes(part))) continue;
      seen.add(key);
      found += 1;
      process.stdout.write(`${file}:${line}: "${words}" → ${instead}\n`);
    }
  }
}
if (found > 0) {
  process.stdout.write(`${found} places.\n`);
  process.exitCode = 1;
}

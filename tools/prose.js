/**
 * Finds words of a dialect in comments, messages and docs, and names the plain ones: `make prose`. Each line of the output is a place that
 * reads better with the words on its right. Exit 1 if there is one.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

import ts from "typescript";

/** What is found, and what to write instead. */
const RULES = [
  [/\banew\b/i, "again, or from scratch"],
  [/\bwhoever\b/i, "name the actor"],
  // Not the user of that name, which is written in quotes or backticks.
  [/(?!(?<=["'`])nobody["'`])\bnobody\b/i, "name the actor: no session, no role, no other run"],
  [/\b(?:somebody|someone|anybody|anyone)\b/i, "name the actor: a person, another session"],
  [/\beverybody\b/i, "name the actor: every role, every session"],
  [/\balone\b(?<!\bstand-alone)/i, "only"],
  [/\btold\b/i, "reports, prints or learns, with the actor as the subject"],
  [/\btells?\b/i, "says, reports or prints"],
  [/\b(?:go|goes|going|gone|went) on\b(?! (?:the|its|a)\b)/i, "continues"],
  [/\blet(?:s|ting)? go of\b/i, "releases"],
  [/\bin the midst of\b/i, "during"],
  [/\bg(?:ive|ives|ave|iving|iven) way\b/i, "yields"],
  [/\b(?:that|which|and) is none\b/i, "say what it is instead"],
  [/\b(?:is|are) none of\b/i, "is not one of, or does not belong to"],
  [/\b(?:to|not|can|can't|cannot|could|couldn't) be had\b/i, "is (not) available"],
  [/\bends? well\b/i, "succeeds"],
  [/\b(?:it|what|that) is said\b/i, "reports or says, with the actor as the subject"],
  [/\b(?:where|there|here)(?:by|in|of)\b|\bwhilst\b|\bamongst\b/i, "a plain word"],
];

/** Uses that are right as they stand: file, and a piece of the text. */
const ALLOWED = [["tools/prose.js", ""]];

const files = execFileSync(
  "git",
  [
    "ls-files",
    "--cached",
    "--others",
    "--exclude-standard",
    "*.ts",
    "*.md",
    "*.sql",
    "*.sh",
    "*.js",
    "*.yaml",
    "Makefile",
  ],
  {
    encoding: "utf8",
  },
)
  .split("\n")
  .filter((file) => file !== "" && !file.startsWith("tests/fixtures/"));

/** A TypeScript file's comments and texts by lines, without the code between them; what a test says of itself is a text as well. */
function spokenIn(text) {
  const source = ts.createSourceFile("file.ts", text, ts.ScriptTarget.Latest, true);
  const spoken = new Map();
  const visit = (node) => {
    const comments = [
      ...(ts.getLeadingCommentRanges(text, node.getFullStart()) ?? []),
      ...(ts.getTrailingCommentRanges(text, node.getEnd()) ?? []),
    ];
    for (const { pos, end } of comments) spoken.set(pos, text.slice(pos, end));
    const isText = ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node);
    if (isText) spoken.set(node.getStart(source), node.getText(source));
    for (const child of node.getChildren(source)) if (!ts.isJSDoc(child)) visit(child);
  };
  visit(source);
  return [...spoken].flatMap(([start, piece]) => {
    const first = source.getLineAndCharacterOfPosition(start).line + 1;
    return piece.split("\n").map((line, index) => [first + index, line]);
  });
}

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
      if (ALLOWED.some(([place, part]) => place === file && piece.includes(part))) continue;
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

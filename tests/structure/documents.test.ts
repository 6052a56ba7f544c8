import { existsSync } from "node:fs";
import { basename, dirname, join, normalize } from "node:path";

import { describe, expect, it } from "@jest/globals";

import { PROJECT_ROOT } from "../../lab/sandbox/host/layout.ts";
import { DOCUMENTS, textOf } from "../support/documentCommands.ts";
import { projectFiles } from "../support/projectFiles.ts";

const FILES = projectFiles();

/** The anchor that a heading gets. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");
}

describe.each(DOCUMENTS)("%s", (file) => {
  const text = textOf(file);

  it("leads only to files and headings that are there", () => {
    const links = [...text.matchAll(/\]\((?!https?:)([^)]+)\)/g)].map(([, link = ""]) => link);
    const lost = links.filter((link) => {
      const [path = "", anchor] = link.split("#");
      const target = path === "" ? file : normalize(join(dirname(file), path));
      if (!existsSync(join(PROJECT_ROOT, target))) return true;
      if (anchor === undefined) return false;
      const headings = [...textOf(target).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) => anchorOf(heading));
      return !headings.includes(anchor);
    });
    expect(lost).toEqual([]);
  });

  it("names only source files that are there", () => {
    const names = [...text.matchAll(/`([\w./-]+\.(?:ts|py))`/g)].map(([, name = ""]) => name);
    const lost = names.filter((name) =>
      name.includes("/") ? !FILES.includes(name) : !FILES.some((one) => basename(one) === name),
    );
    expect(lost).toEqual([]);
  });
});

/** The messages that a document's tables explain: first cells of the tables that begin with "it says". */
function messagesIn(text: string): string[] {
  const tables = [...text.matchAll(/^\| it says .*\n\|[ -|]*\n((?:\|.*\n)*)/gm)].map(([, rows = ""]) => rows);
  const cells = tables.flatMap((rows) => rows.trimEnd().split("\n")).map((row) => row.split("|")[1] ?? "");
  return cells.flatMap((cell) => cell.split(/…|·/)).map((part) => part.trim());
}

/** The outputs that a document quotes after "prints", in pieces without the values of its example. */
function quotedOutputsIn(text: string): string[] {
  const sentences = text.replaceAll(/\s+/g, " ").match(/\bprints[^".:]* "[^"]+"(?: (?:or|if)[^".]* "[^"]+")?/g) ?? [];
  const quotations = sentences.flatMap((sentence) => [...sentence.matchAll(/"([^"]+)"/g)].map(([, said = ""]) => said));
  return quotations.flatMap((said) => said.split(/…|stack=[\w;=]+|\b(?:dr|prod|\d+)\b/)).map((part) => part.trim());
}

describe("the runbook", () => {
  const sources = projectFiles("cli/*.ts", "recovery/*.ts", "services/*.ts", "settings/*.ts", "provider/*.ts");
  const spoken = sources.map(textOf).join("\n").toLowerCase();
  it.each([
    ["explains", messagesIn, 30],
    ["quotes", quotedOutputsIn, 10],
  ])("%s only messages that the program has", (_, find, atLeast) => {
    const messages = find(textOf("docs/runbook.md")).filter((part) => part.length > 2);
    expect(messages.length).toBeGreaterThan(atLeast);
    expect(messages.filter((part) => !spoken.includes(part.toLowerCase()))).toEqual([]);
  });
});

import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join, normalize } from "node:path";

import { beforeAll, describe, expect, it } from "@jest/globals";
import type { Command } from "commander";

import { castchatRecovery } from "../../cli/program.ts";
import { PROJECT_ROOT } from "../../lab/sandbox/host/layout.ts";
import { projectFiles } from "../support/projectFiles.ts";

const FILES = projectFiles();
const DOCUMENTS = projectFiles("*.md").filter((file) => !file.startsWith("tests/") && file !== "CHANGELOG.md");

const textOf = (file: string): string => readFileSync(join(PROJECT_ROOT, file), "utf8");

/** Command lines in a document: in a block, or between backticks. */
function commandLinesIn(text: string): string[] {
  const blocks = [...text.matchAll(/```\w*[^\n]*\n(.*?)```/gs)].flatMap(([, block = ""]) => block.split("\n"));
  const spans = [...text.replaceAll(/```.*?```/gs, "").matchAll(/`([^`]+)`/g)].map(([, span = ""]) => span);
  return [...blocks, ...spans]
    .map((line) => /(?:^|\s|\()castchat-recovery ([^#|;)]*)/.exec(line)?.[1]?.trim() ?? "")
    .filter((line) => line !== "");
}

let program: Command;
beforeAll(async () => {
  program = await castchatRecovery();
});

/** What is wrong with a command line: a command or options that do not exist. */
function faultsOf(line: string): string[] {
  let command = program;
  for (const word of line.split(/\s+/)) {
    const next = command.commands.find((one) => one.name() === word);
    if (next === undefined) break;
    command = next;
  }
  const options = line.match(/(?<=^|\s|\[)--?[a-z][a-z-]*/g) ?? [];
  if (command.parent === null && options.length < line.split(/\s+/).length) return [`no such command: ${line}`];
  return options.filter((name) => !knowsOption(command, name)).map((name) => `no such option: ${name}`);
}

/** Also by its default subcommand, which `restore` and `schedule` have. */
function knowsOption(command: Command, name: string): boolean {
  const isAmong = (one: Command) => one.options.some(({ short, long }) => short === name || long === name);
  return name === "--help" || isAmong(command) || command.commands.some(isAmong);
}

/** The anchor that a heading gets. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");
}

describe("the check of command lines", () => {
  it.each([
    ["release -s dr", ["no such command: release -s dr"]],
    ["restore --tables public.posts -s prod", ["no such option: --tables"]],
    ["restore tables public.posts -s prod --older", ["no such option: --older"]],
    ["restore tables public.posts -s prod [--at TIME]", []],
    ["schedule run -s prod", []],
  ])("%s", (line, faults) => expect(faultsOf(line)).toEqual(faults));
});

describe.each(DOCUMENTS)("%s", (file) => {
  const text = textOf(file);

  it("names only commands and options that exist", () => expect(commandLinesIn(text).flatMap(faultsOf)).toEqual([]));

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

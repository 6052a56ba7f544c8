import { readFileSync } from "node:fs";
import { join } from "node:path";

import { PROJECT_ROOT } from "../../lab/sandbox/host/layout.ts";
import { projectFiles } from "./projectFiles.ts";

/** The documents of the project, but not the changelog: it names commands of the past. */
export const DOCUMENTS = projectFiles("*.md").filter((file) => !file.startsWith("tests/") && file !== "CHANGELOG.md");

/** A command that a document gives. */
export interface DocumentCommand {
  line: string;
  /** It stands in a block, as it is to be typed; otherwise it may only be mentioned, without its options. */
  typed: boolean;
}

/** A project file's text. */
export const textOf = (file: string): string => readFileSync(join(PROJECT_ROOT, file), "utf8");

const COMMAND = /^(castchat-recovery|pulumi|make|export) /;
const PLACEHOLDERS: Readonly<Record<string, string>> = {
  ID: "20260701T020000Z-1a2b3c",
  OLDER: "20260601T020000Z-1a2b3c",
  TIME: "2026-07-01T02:00:00Z",
  N: "2",
  SERVICE: "github",
};

/** The commands of a text in its order, from console blocks and between backticks. */
export function commandsIn(text: string): DocumentCommand[] {
  const found = [...text.matchAll(/^ *```(\w*)[^\n]*\n(.*?)^ *```|`([^`]+)`/gms)];
  const lines = found.flatMap(([, language, block = "", span]) =>
    span === undefined
      ? (language === "console" ? block : "").split("\n").map((line) => ({ line, typed: true }))
      : span.split(/&&/).map((line) => ({ line, typed: false })),
  );
  return lines
    .map(({ line, typed }) => ({
      line: line
        .replace(/(^|\s)#.*$/, "")
        // What the shell takes for itself: where the output goes.
        .replace(/\s>\s*[\w.-]+\s*$/, "")
        .replaceAll(/\s+/g, " ")
        .trim(),
      typed,
    }))
    .filter(({ line }) => COMMAND.test(`${line} `) && !line.includes("…"));
}

/** A command with values for the placeholders that documents use: ID, OLDER, TIME, N. */
export function withValues(line: string, values: Readonly<Record<string, string>> = {}): string {
  return line.replaceAll(/(?<=\s)[A-Z]+(?=\s|$)/g, (name) => values[name] ?? PLACEHOLDERS[name] ?? name);
}

/** The words of a command line, as a shell parts them. `$(…)` and quoted text stay in one word, quotes included. */
export function wordsOf(line: string): string[] {
  return line.match(/(?:"(?:[^"]|\\")*"|'[^']*'|\$\([^)]*\)|[^\s"'])+/g) ?? [];
}

import { createInterface } from "node:readline/promises";

import type { Confirm, Danger } from "../../recovery/postgres/session/confirmation.ts";
import { typeSecret, UserError } from "../../services/common/errors.ts";
import { visible } from "../../services/common/visibleText.ts";
import { reportLine } from "./progress.ts";

/**
 * Agrees to what destroys data, once the error stream shows what will be destroyed: by the value of `--confirm` in a script, otherwise
 * by typing the name of the database, project or vault on a terminal.
 *
 * @param given the value of `--confirm`, if it was set
 * @returns what throws UserError for another name, and if there is no terminal to ask on
 */
export function confirmWith(given: string | undefined): Confirm {
  return async (danger) => {
    for (const line of danger.lines) reportLine(line);
    const answer = given ?? (await ask(danger));
    if (danger.names.includes(answer.trim())) return;
    throw new UserError(
      `"${answer.trim()}" is not the name of this ${danger.what ?? "database"} (${danger.names.join(" or ")}): nothing was changed.`,
    );
  };
}

/**
 * Agrees to what destroys nothing, once the error stream shows it: by `--yes`, otherwise by a "y" on a terminal.
 *
 * @returns what throws UserError for any other answer, and if there is no terminal to ask on
 */
export function agreeWith(yes: boolean): (lines: readonly string[]) => Promise<void> {
  return async (lines) => {
    for (const line of lines) reportLine(line);
    if (yes) return;
    if (!process.stdin.isTTY)
      throw new UserError("This needs your agreement. Add --yes, or run the command on a terminal.");
    if (!/^y(es)?$/i.test((await question("Continue? [y/N] ")).trim())) throw new UserError("Nothing was changed.");
  };
}

async function ask({ names }: Danger): Promise<string> {
  const [name = ""] = names.slice(-1);
  if (!process.stdin.isTTY)
    throw new UserError(
      `This needs your agreement. Add --confirm "${name}", or run the command on a terminal and type that name.`,
    );
  return await question(`Type ${names.join(" or ")} to continue: `);
}

/** What the operator types on the terminal. Without a terminal, UserError that names the variable to set. */
export async function askFor(prompt: string, variable: string): Promise<string> {
  if (!process.stdin.isTTY) {
    throw new UserError(
      `${variable} is not set, and there is no terminal to ask on. Run the command on a terminal, or set it. ${typeSecret(variable)}`,
    );
  }
  return await question(prompt);
}

async function question(prompt: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await terminal.question(visible(prompt));
  } finally {
    terminal.close();
  }
}

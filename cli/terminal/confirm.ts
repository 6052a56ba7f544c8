import { createInterface } from "node:readline/promises";

import type { Confirm, Danger } from "../../recovery/postgres/session/confirmation.ts";
import { UserError } from "../../services/common/errors.ts";

/**
 * Agrees to what destroys data: by a flag's value for scripts, else by typing the name of the database or vault on a terminal. What will be
 * destroyed is said on the error stream first, in either case.
 *
 * @param given what the flag says, if it was set
 * @param flag the flag's name, for whoever has no terminal
 */
export function confirmWith(given: string | undefined, flag: string): Confirm {
  return async (danger) => {
    process.stderr.write(`${danger.lines.join("\n")}\n`);
    const answer = given ?? (await ask(danger, flag));
    if (danger.names.includes(answer.trim())) return;
    throw new UserError(
      `"${answer.trim()}" is not the name of this ${danger.what ?? "database"} (${danger.names.join(" or ")}): nothing was changed.`,
    );
  };
}

async function ask({ names }: Danger, flag: string): Promise<string> {
  const [name = ""] = names.slice(-1);
  if (!process.stdin.isTTY) {
    throw new UserError(
      `Nobody has agreed to this: say ${flag} "${name}", or run it on a terminal and type that name.`,
    );
  }
  return await question(`Type ${names.join(" or ")} to go on: `);
}

/** What the operator types on the terminal. Without a terminal, UserError that names the variable to set. */
export async function askFor(prompt: string, variable: string): Promise<string> {
  if (!process.stdin.isTTY) throw new UserError(`${variable} is not set, and there is no terminal to ask on.`);
  return await question(prompt);
}

async function question(prompt: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await terminal.question(prompt);
  } finally {
    terminal.close();
  }
}

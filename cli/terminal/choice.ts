import { createInterface } from "node:readline/promises";

import type { Ask } from "../../recovery/firstDay/decisions.ts";
import { UserError } from "../../services/common/errors.ts";
import { visible } from "../../services/common/visibleText.ts";
import { reportLine } from "./progress.ts";

/**
 * Asks on the terminal: the choices by number, and the preset for the empty answer. Undefined without a terminal.
 *
 * @param signal ends a question
 */
export function askOnTerminal(signal: AbortSignal): Ask | undefined {
  if (!process.stdin.isTTY) return undefined;
  return async ({ what, choices = [], preset }, refused) => {
    if (refused !== undefined) reportLine(`  ${refused}`);
    else {
      reportLine(`\n${what}`.trim());
      for (const [index, { value, label }] of choices.entries()) reportLine(`  ${index + 1}  ${value}  ${label}`);
    }
    const typed = await question(`${preset === undefined ? "" : `[${preset}] `}> `, signal);
    // A number stands for a choice, unless the choices themselves are numbers.
    return typed
      .split(/(?=[\s,])|(?<=[\s,])/)
      .map((part) => (/^\d{1,3}$/.test(part) ? (choices[Number(part) - 1]?.value ?? part) : part))
      .join("");
  };
}

/** Agrees to a change by the word `yes`. Without a terminal, UserError that names the option to agree with. */
export async function agree(prompt: string, option: string, signal: AbortSignal): Promise<void> {
  if (!process.stdin.isTTY) throw new UserError(`${prompt} Add ${option}, or run the command on a terminal.`);
  const typed = await question(`${prompt} Type yes to continue: `, signal);
  if (typed.trim() !== "yes") throw new UserError("Nothing was changed.");
}

async function question(prompt: string, signal: AbortSignal): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await terminal.question(visible(prompt), { signal });
  } finally {
    terminal.close();
  }
}

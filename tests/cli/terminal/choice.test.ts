import { PassThrough } from "node:stream";

import { describe, expect, it, jest } from "@jest/globals";

import { agree, askOnTerminal } from "../../../cli/terminal/choice.ts";
import { messageOf } from "../../../services/common/errors.ts";

const signal = new AbortController().signal;

/** Runs something with a person who types a line, or without a terminal. Gives what it returns and what it has written. */
async function typing<T>(line: string | undefined, work: () => Promise<T>): Promise<{ result: T; said: string }> {
  const terminal = Object.assign(new PassThrough(), { isTTY: line !== undefined }) as unknown as typeof process.stdin;
  const stdin = jest.spyOn(process, "stdin", "get").mockReturnValue(terminal);
  const said: string[] = [];
  const write = jest.spyOn(process.stderr, "write").mockImplementation((text) => said.push(String(text)) > 0);
  if (line !== undefined) terminal.push(`${line}\n`);
  try {
    return { result: await work(), said: said.join("") };
  } finally {
    write.mockRestore();
    stdin.mockRestore();
  }
}

const question = {
  what: "Which project?",
  option: "--database",
  choices: [
    { value: "abc", label: "live \u001b[2K" },
    { value: "def", label: "old" },
  ],
  preset: "abc",
};
const ask = (line: string | undefined, refused?: string) =>
  typing(line, async () => await askOnTerminal(signal)?.(question, refused));

describe("a question on the terminal", () => {
  it("shows the choices with their numbers and the preset, and escapes what a service has named", async () => {
    const { said } = await ask("");
    expect(said).toBe("Which project?\n  1  abc  live \\u001b[2K\n  2  def  old\n[abc] > ");
  });

  it.each([
    ["2", "def"],
    ["2,1", "def,abc"],
    ["def 1", "def abc"],
    ["9", "9"],
    ["", ""],
  ])("takes %j for %j", async (typed, meant) => {
    expect((await ask(typed)).result).toBe(meant);
  });

  it("says why the last answer was not taken, and does not list the choices again", async () => {
    expect((await ask("1", '"x" is not there.')).said).toBe('  "x" is not there.\n[abc] > ');
  });

  it("is not asked without a terminal", async () => {
    expect((await ask(undefined)).result).toBeUndefined();
  });
});

describe("an agreement", () => {
  const agreed = (line: string | undefined) =>
    typing(line, () =>
      agree("It is replaced.", "--force", signal).then(
        () => "agreed",
        (error: unknown) => messageOf(error),
      ),
    );

  it("is the word yes, and nothing else", async () => {
    expect((await agreed("yes")).result).toBe("agreed");
    expect((await agreed("y")).result).toBe("Nothing was changed.");
  });

  it("is an option without a terminal", async () => {
    expect((await agreed(undefined)).result).toBe("It is replaced. Add --force, or run the command on a terminal.");
  });
});

import { PassThrough } from "node:stream";

import { describe, expect, it, jest } from "@jest/globals";

import { confirmWith } from "../../../cli/terminal/confirm.ts";
import { UserError } from "../../../services/common/errors.ts";

const danger = { names: ["db.example:5432/postgres", "abcdef"], lines: ["public.posts: its 3 rows are deleted."] };

/** What is written to the error stream meanwhile. */
async function saidDuring(work: () => Promise<void>): Promise<string[]> {
  const said: string[] = [];
  const write = jest.spyOn(process.stderr, "write").mockImplementation((text) => said.push(String(text)) > 0);
  try {
    await work();
  } finally {
    write.mockRestore();
  }
  return said;
}

describe("confirmWith", () => {
  it("accepts either name, after printing what will be lost", async () => {
    const said = await saidDuring(async () => {
      await confirmWith("abcdef")(danger);
      await confirmWith(" db.example:5432/postgres")(danger);
      for (const other of ["postgres", ""]) await expect(confirmWith(other)(danger)).rejects.toBeInstanceOf(UserError);
    });
    expect(said).toEqual(Array.from({ length: 4 }, () => "public.posts: its 3 rows are deleted.\n"));
  });

  it("shows a name that would erase the line above, or forge one", async () => {
    const lines = ["public.\u001b[2K\u001b]52;c;eA\u0007x\nnothing: its rows are deleted."];
    const said = await saidDuring(() => confirmWith("abcdef")({ ...danger, lines }));
    expect(said).toEqual(["public.\\u001b[2K\\u001b]52;c;eA\\u0007x\\u000anothing: its rows are deleted.\n"]);
  });

  it("asks on a terminal for a name that it shows as it is", async () => {
    const terminal = Object.assign(new PassThrough(), { isTTY: true }) as unknown as typeof process.stdin;
    const stdin = jest.spyOn(process, "stdin", "get").mockReturnValue(terminal);
    terminal.push("abcdef\n");
    const said = await saidDuring(() =>
      confirmWith(undefined)({ names: ["db\u001b[2K", "abcdef"], lines: [] }),
    ).finally(() => stdin.mockRestore());
    expect(said.join("")).toBe("Type db\\u001b[2K or abcdef to continue: ");
  });
});

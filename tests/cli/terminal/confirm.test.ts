import { describe, expect, it, jest } from "@jest/globals";

import { confirmWith } from "../../../cli/terminal/confirm.ts";
import { UserError } from "../../../services/common/errors.ts";

const danger = { names: ["db.example:5432/postgres", "abcdef"], lines: ["public.posts: its 3 rows are deleted."] };

describe("confirmWith", () => {
  it("accepts either name, after printing what will be lost", async () => {
    const said: string[] = [];
    const write = jest.spyOn(process.stderr, "write").mockImplementation((text) => said.push(String(text)) > 0);
    try {
      await confirmWith("abcdef")(danger);
      await confirmWith(" db.example:5432/postgres")(danger);
      await expect(confirmWith("postgres")(danger)).rejects.toThrow(
        '"postgres" is not the name of this database (db.example:5432/postgres or abcdef): nothing was changed.',
      );
      await expect(confirmWith("")(danger)).rejects.toBeInstanceOf(UserError);
    } finally {
      write.mockRestore();
    }
    expect(said).toEqual(Array.from({ length: 4 }, () => "public.posts: its 3 rows are deleted.\n"));
  });

  it("names the option to add when there is no terminal", async () => {
    const write = jest.spyOn(process.stderr, "write").mockReturnValue(true);
    const { isTTY } = process.stdin;
    process.stdin.isTTY = false;
    try {
      await expect(confirmWith(undefined)(danger)).rejects.toThrow(
        'This needs your agreement. Add --confirm "abcdef", or run the command on a terminal and type that name.',
      );
    } finally {
      process.stdin.isTTY = isTTY;
      write.mockRestore();
    }
  });
});

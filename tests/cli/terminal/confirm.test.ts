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
      for (const other of ["postgres", ""]) await expect(confirmWith(other)(danger)).rejects.toBeInstanceOf(UserError);
    } finally {
      write.mockRestore();
    }
    expect(said).toEqual(Array.from({ length: 4 }, () => "public.posts: its 3 rows are deleted.\n"));
  });
});

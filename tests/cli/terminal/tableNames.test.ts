import { describe, expect, it } from "@jest/globals";

import { refuseOtherNames } from "../../../cli/terminal/tableNames.ts";
import { UserError } from "../../../services/common/errors.ts";

describe("refuseOtherNames", () => {
  it("accepts schema.table, quoted as in SQL", () => {
    expect(() => refuseOtherNames(["public.posts", '"My, schema"."a ""b"".c"', "auth.users"])).not.toThrow();
  });

  it.each(["posts", "", ",", "public.posts,public.messages", "a.b.c", 'public."open'])("refuses %j", (name) => {
    expect(() => refuseOtherNames(["public.posts", name])).toThrow(UserError);
  });

  it("names every fault, and how a table is written", () => {
    expect(() => refuseOtherNames(["posts", "public.posts", "a.b.c"])).toThrow(
      `"posts", "a.b.c" names no table. Write schema.table, with a space between two tables, as in: public.posts 'public."My table"'.`,
    );
  });
});

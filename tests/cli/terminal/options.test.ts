import { describe, expect, it } from "@jest/globals";

import { parseTime, refuseOtherNames } from "../../../cli/terminal/options.ts";
import { UserError } from "../../../services/common/errors.ts";

describe("parseTime", () => {
  it.each([
    ["2026-07-01T02:00:00Z", "2026-07-01T02:00:00.000Z"],
    ["2026-07-01T02:00Z", "2026-07-01T02:00:00.000Z"],
    ["2028-02-29T23:59:59.5Z", "2028-02-29T23:59:59.500Z"],
  ])("takes %s", (text, time) => expect(parseTime(text).toISOString()).toBe(time));

  it.each([
    "yesterday",
    "2026-07-01",
    "2026-07-01T02:00:00",
    "2026-07-01 02:00:00Z",
    "2026-07-01T02:00:00+09:00",
    "2026-07-01T24:00:00Z",
    // Days that don't exist: JavaScript would parse them as another day.
    "2026-02-30T02:00:00Z",
    "2026-02-29T02:00:00Z",
    "2026-04-31T02:00Z",
  ])("refuses %s", (text) => {
    const refusal = new UserError(`--at ${text} is not a UTC time. Write it like 2026-07-01T02:00:00Z.`);
    expect(() => parseTime(text)).toThrow(refusal);
  });
});

describe("refuseOtherNames", () => {
  it("accepts schema.table, quoted as in SQL", () =>
    expect(() => refuseOtherNames(["public.posts", '"My, schema"."a ""b"".c"', "auth.users"])).not.toThrow());

  it.each(["posts", "", ",", "public.posts,public.messages", "a.b.c", 'public."open'])("refuses %j", (name) =>
    expect(() => refuseOtherNames(["public.posts", name])).toThrow(UserError),
  );

  it("names every fault, and how a table is written", () =>
    expect(() => refuseOtherNames(["posts", "public.posts", "a.b.c"])).toThrow(
      `"posts", "a.b.c" names no table. Write schema.table, with a space between two tables, as in: public.posts 'public."My table"'.`,
    ));
});

import { describe, expect, it } from "@jest/globals";

import { namesOf, refuseOtherProject } from "../../../../recovery/postgres/session/confirmation.ts";
import { parseDatabaseUrl } from "../../../../recovery/postgres/session/databaseUrl.ts";
import { UserError } from "../../../../services/common/errors.ts";

const pooled = parseDatabaseUrl("postgresql://postgres.abcdef:x@aws-0-eu-west-1.pooler.supabase.com:5432/postgres");
const direct = parseDatabaseUrl("postgresql://postgres:x@db.abcdef.supabase.co/postgres");
const own = parseDatabaseUrl("postgresql://postgres:x@127.0.0.1:6000/castchat");

describe("namesOf", () => {
  it("is never an address that other projects have too", () => {
    expect(namesOf(pooled)).toEqual(["abcdef"]);
    expect(namesOf(direct)).toEqual(["db.abcdef.supabase.co:5432/postgres", "abcdef"]);
    expect(namesOf(own)).toEqual(["127.0.0.1:6000/castchat"]);
  });
});

describe("refuseOtherProject", () => {
  it.each([pooled, direct])("refuses a database of one project with the ref of another", (address) => {
    expect(() => refuseOtherProject(address, "ghijkl")).toThrow(UserError);
    expect(() => refuseOtherProject(address, "ghijkl")).toThrow("database of project abcdef");
    expect(() => refuseOtherProject(address, "abcdef")).not.toThrow();
  });

  it("accepts a database whose address names no project", () => {
    expect(() => refuseOtherProject(own, "abcdef")).not.toThrow();
  });
});

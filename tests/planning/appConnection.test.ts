import { describe, expect, it } from "@jest/globals";

import { appConnectionString } from "../../planning/appConnection.ts";

const SESSION =
  "postgresql://postgres.abcdefghij:p%40ss%2F%3A@aws-0-ap-northeast-1.pooler.supabase.com:5432/postgres?sslmode=require";

describe("the address by which an app connects", () => {
  it.each([
    ["session", SESSION],
    ["transaction", SESSION.replace(":5432", ":6543")],
    ["direct", "postgresql://postgres:p%40ss%2F%3A@db.abcdefghij.supabase.co:5432/postgres?sslmode=require"],
  ] as const)("is that of %s mode", (connection, url) => {
    expect(appConnectionString(SESSION, connection)).toBe(url);
  });

  it.each([
    "postgresql://postgres:x@127.0.0.1:5432/postgres",
    "postgresql://postgres:x@db.abcdefghij.supabase.co:5432/postgres",
    "",
  ])("stays where no such pooler is: %j", (url) => {
    for (const connection of ["transaction", "session", "direct"] as const)
      expect(appConnectionString(url, connection)).toBe(url);
  });
});

import { describe, expect, it } from "@jest/globals";

import { forOlderServer, withoutNewSettings } from "../../../../recovery/restore/archive/olderSyntax.ts";

describe("forOlderServer", () => {
  it("makes a child's own NOT NULL a statement, wherever it stands in the list", () => {
    const sql = [
      "CREATE TABLE public.heir (",
      "    t text DEFAULT 'heir'::text,",
      "    NOT NULL extra,",
      "    own text,",
      '    NOT NULL "a ""b"""',
      ")",
      "INHERITS (public.base);",
      "",
      "CREATE TABLE public.only (",
      "    CONSTRAINT one NOT NULL extra",
      ")",
      "INHERITS (public.base);",
      "SELECT 1;",
    ].join("\n");
    expect(forOlderServer(sql)?.split("\n")).toEqual([
      "CREATE TABLE public.heir (",
      "    t text DEFAULT 'heir'::text,",
      "    own text",
      ")",
      "INHERITS (public.base);",
      "ALTER TABLE ONLY public.heir ALTER COLUMN extra SET NOT NULL;",
      'ALTER TABLE ONLY public.heir ALTER COLUMN "a ""b""" SET NOT NULL;',
      "",
      "CREATE TABLE public.only (",
      ")",
      "INHERITS (public.base);",
      "ALTER TABLE ONLY public.only ALTER COLUMN extra SET NOT NULL;",
      "SELECT 1;",
    ]);
  });

  it("changes nothing else", () => {
    const sql = [
      "CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$",
      "    NOT NULL x",
      "$$;",
      "CREATE TABLE t (",
      "    id integer NOT NULL,",
      '    "NOT NULL x" text',
      ");",
    ].join("\n");
    expect(forOlderServer(sql)).toBeUndefined();
  });
});

describe("withoutNewSettings", () => {
  const head = "SET lock_timeout = 0;\nSET idle_in_transaction_session_timeout = 0;\n";
  const body = `select '\nSET idle_in_transaction_session_timeout = 0;\nSET transaction_timeout = 0;\n';`;
  const sql = `${head}SET transaction_timeout = 0;\n${body}`;

  it("removes the setting only from the head, and only if the server doesn't know it", () => {
    expect(withoutNewSettings(sql, 16)).toBe(head + body);
    expect(withoutNewSettings(sql, 17)).toBe(sql);
    // A script of a pg_restore before 17 has no such line.
    expect(withoutNewSettings(head + "SELECT 1;", 15)).toBe(head + "SELECT 1;");
  });
});

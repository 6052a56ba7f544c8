import { expect, test } from "@jest/globals";

import { splitOwner } from "../../../../recovery/restore/archive/entryOwners.ts";

const CREATE = "-- Name: posts; Type: TABLE\n\nCREATE TABLE public.posts (\n    id integer\n);\n\n\n";
const split = (sql: string) => splitOwner({ description: "TABLE public posts app", sql });

test.each([
  ["between two entries", `ALTER TABLE public.posts OWNER TO app;\n\n`, "app"],
  [
    "of the last entry",
    `ALTER TABLE public.posts OWNER TO app;\n\n--\n-- PostgreSQL database dump complete\n--\n\n`,
    "app",
  ],
  ["with a quoted name", `ALTER TABLE public.posts OWNER TO "the ""app""";\n\n`, 'the "app"'],
])("takes the owner out of an entry: %s", (_where, statement, owner) => {
  expect(split(CREATE + statement)).toMatchObject({ sql: CREATE, owned: { owner, statement } });
});

test.each([
  ["none is set", CREATE],
  ["the words stand in a body", `CREATE FUNCTION f() AS $$\nALTER TABLE public.posts OWNER TO app;\n$$;\n`],
  ["a role of the app cannot own it", "ALTER EVENT TRIGGER watch OWNER TO app;\n"],
])("leaves an entry without an owner of its own when %s", (_when, sql) => {
  expect(split(sql).owned).toBeUndefined();
});

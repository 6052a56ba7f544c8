import { expect, test } from "@jest/globals";

import { runsOf } from "../../../../recovery/restore/archive/runs.ts";

const entry = (description: string) => ({ description, sql: "" });
const waysOf = (descriptions: readonly string[]) =>
  runsOf(descriptions.map(entry), 3).map(({ way, entries }) => [way, entries.map(({ description }) => description)]);

test("only a long run of tables is made beside each other, and comments go with what they are about", () => {
  const schemas = ["SCHEMA - a low", "COMMENT - SCHEMA a low", "SCHEMA - b low"];
  const few = [
    "TYPE a t low",
    "TABLE a one low",
    "COMMENT a TABLE one low",
    "FUNCTION a f() low",
    "COMMENT a FUNCTION f() low",
  ];
  const many = [
    "TABLE a two low",
    "SEQUENCE a two_id low",
    "VIEW a seen low",
    "DEFAULT a two id low",
    "TABLE ATTACH a part low",
  ];
  expect(waysOf([...schemas, ...few, ...many, "AGGREGATE a sum(int) low", "TABLE a last low"])).toEqual([
    ["schemas", schemas],
    ["in order", few],
    ["beside", many],
    ["in order", ["AGGREGATE a sum(int) low", "TABLE a last low"]],
  ]);
});

test("keeps every entry once and in order", () => {
  const kinds = [
    "TABLE",
    "FUNCTION",
    "COMMENT",
    "VIEW",
    "TABLE",
    "TABLE",
    "SCHEMA",
    "TYPE",
    "TABLE",
    "TABLE",
    "TABLE",
    "TABLE",
  ];
  const all = Array.from({ length: 200 }, (_, at) => `${kinds[(at * 7) % kinds.length]} ${at} low`);
  expect(runsOf(all.map(entry), 3).flatMap(({ entries }) => entries.map(({ description }) => description))).toEqual(
    all,
  );
});

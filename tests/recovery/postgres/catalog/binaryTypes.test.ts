import { beforeAll, describe, expect, it } from "@jest/globals";

import { BINARY_TYPES } from "../../../../recovery/postgres/catalog/binaryTypes.ts";
import { listTables } from "../../../../recovery/postgres/catalog/catalog.ts";
import { RowSum } from "../../../../recovery/postgres/rows/rowSum.ts";
import type { CopyFormat } from "../../../../recovery/postgres/session/copyFormat.ts";
import type { Session } from "../../../../recovery/postgres/session/database.ts";
import { startTestDatabase } from "../../../support/postgres.ts";
import { forSuite } from "../../../support/suite.ts";

/** Values of each type at its edges, as Postgres reads them. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  bool: ["true", "false"],
  int2: ["-32768", "0", "32767"],
  int4: ["-2147483648", "-1", "2147483647"],
  int8: ["-9223372036854775808", "9223372036854775807"],
  float4: ["NaN", "-Infinity", "Infinity", "-0", "1.1754944e-38", "3.4028235e+38", "0.1", "1e-45"],
  float8: ["NaN", "-Infinity", "Infinity", "-0", "2.2250738585072014e-308", "1.7976931348623157e+308", "0.1", "5e-324"],
  numeric: [
    ...["NaN", "Infinity", "-Infinity", "0", "0.000", "1.50"],
    ...["-123456789012345678901234567890.000000001", "1e131071"],
  ],
  text: ["", " ", "\\N", "\\.", "tab\tand\nnewline\r", "あ😀", "x".repeat(9000)],
  varchar: ["", "  ", "\\", "顔写真"],
  bpchar: ["", "a  ", "あ "],
  bytea: ["\\x", "\\x00ff0a5c", `\\x${"00".repeat(5000)}`],
  uuid: ["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"],
  json: ['{ "b":1,  "a":[1.50, null] }', '"\\u00e9"', "null"],
  jsonb: ['{"b":1,"a":[1.50,null]}', '"\\u00e9"', "1e400", "null"],
  date: ["-infinity", "infinity", "4713-01-01 BC", "2000-01-01", "5874897-12-31"],
  time: ["00:00:00", "23:59:59.999999", "24:00:00"],
  timetz: ["00:00:00+15:59", "23:59:59.999999-15:59", "24:00:00Z"],
  timestamp: ["-infinity", "infinity", "4713-01-01 00:00:00 BC", "2000-01-01 00:00:00", "294276-12-31 23:59:59.999999"],
  timestamptz: [
    ...["-infinity", "infinity", "4713-01-01 00:00:00+00 BC"],
    ...["2026-11-23 00:00:00.000001+09", "294276-12-31 23:59:59.999999Z"],
  ],
  interval: ["0", "-178000000 years", "1 mon -1 day 00:00:00.000001", "-2562047788:00:54.775807"],
  inet: ["0.0.0.0", "10.1.2.3/8", "::", "fe80::1/64"],
  cidr: ["10.0.0.0/8", "::/0"],
  macaddr: ["00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff"],
  bit: ["0", "1"],
  varbit: ["", "1", "101010101010101"],
  point: ["(-0,1e308)", "(NaN,Infinity)"],
  int4range: ["empty", "(,)", "[1,10)", "[-2147483648,2147483647)"],
  int8range: ["empty", "[1,10)", "(,9223372036854775807)"],
  numrange: ["empty", "(1.50,2.0]", "(,NaN)"],
  daterange: ["empty", "[2026-01-01,2027-01-01)", "(,infinity)"],
  tsrange: ["empty", "(2026-01-01 00:00:00.000001,infinity]"],
  tstzrange: ["empty", "[2026-01-01 00:00:00+09,)"],
};

const source = forSuite(startTestDatabase);
const target = forSuite(startTestDatabase);
beforeAll(async () => {
  // OIDs of what users make differ between the two.
  const types = Array.from({ length: 20 }, (_, at) => `create type public.early_${at} as enum ('x')`);
  await target.query(types.join(";"));
});

const quoted = (value: string) => `'${value.replaceAll("'", "''")}'`;
/** Makes `public.t` in both databases. */
const onBoth = (sql: string) =>
  Promise.all([source, target].map(({ query }) => query(`drop table if exists public.t; ${sql}`)));

/** Everything that a copy of `public.t` gives, and its fingerprint. */
async function copyOf(session: Session, format: CopyFormat): Promise<{ rows: Buffer; sum: string; count: number }> {
  const pieces: Buffer[] = [];
  let count = 0;
  const sink = {
    write: (bytes: Buffer, start: number, end: number) => void pieces.push(Buffer.from(bytes.subarray(start, end))),
    endOfRow: () => void (count += 1),
    full: () => undefined,
  };
  await session.copyOut(`copy public.t to stdout${format === "binary" ? " (format binary)" : ""}`, sink, format);
  const rows = Buffer.concat(pieces);
  const sum = new RowSum();
  expect(sum.addAll(rows, 0, rows.length, format)).toBe(true);
  expect(sum.rows).toBe(count);
  return { rows, sum: sum.toString(), count };
}

/** Copies `public.t` from one database to the other in binary: text and tuples are the same on both sides. */
async function expectSame(rowsThere: number): Promise<void> {
  await source.inSession(async (from) => {
    await target.inSession(async (to) => {
      const binary = await copyOf(from, "binary");
      expect(binary.count).toBe(rowsThere);
      await to.copyIn("copy public.t from stdin (format binary)", binary.rows, "binary");
      expect((await copyOf(to, "text")).rows.toString()).toBe((await copyOf(from, "text")).rows.toString());
      expect(await copyOf(to, "binary")).toEqual(binary);
    });
  });
}

const SCALARS = BINARY_TYPES.filter((name) => !name.startsWith("_"));

describe("types that are copied in binary", () => {
  it("are all tried here, with their arrays", () => {
    expect([...SCALARS].sort()).toEqual(Object.keys(VALUES).sort());
    expect([...BINARY_TYPES].sort()).toEqual([...SCALARS, ...SCALARS.map((name) => `_${name}`)].sort());
  });

  it("are Postgres' own, so that an array's OID of its elements is the same everywhere", async () => {
    const found = await source.query<{ name: string; oid: number }>(
      `select typname as name, oid::int from pg_type where typnamespace = 'pg_catalog'::regnamespace and typname in (${BINARY_TYPES.map(quoted).join()})`,
    );
    expect(found.map(({ name }) => name).sort()).toEqual([...BINARY_TYPES].sort());
    // "OIDs assigned during initdb begin at 10000" (Postgres' documentation, "System Catalog Initial Data"); these are fixed below.
    for (const { oid } of found) expect(oid).toBeLessThan(10_000);
  });

  it.each(SCALARS)("%s comes out of another database as it went in, as a scalar and in arrays", async (type) => {
    const values = VALUES[type] ?? [];
    await onBoth(`create table public.t (n int, v pg_catalog."${type}", a pg_catalog."_${type}")`);
    const array = `array[${values.map(quoted).join()}, null]::pg_catalog."_${type}"`;
    const rows = [
      ...values.map(
        (value, at) =>
          `(${at}, ${quoted(value)}::pg_catalog."${type}", array[${quoted(value)}]::pg_catalog."_${type}")`,
      ),
      `(null, null, null)`,
      `(-1, null, ${array})`,
      `(-2, null, array[${array}, ${array}])`,
      `(-3, null, '{}')`,
    ];
    await source.query(`insert into public.t values ${rows.join()}`);
    await expectSame(rows.length);
  });

  it("an empty table gives no row, and a row of a megabyte arrives whole", async () => {
    await onBoth("create table public.t (v text)");
    await expectSame(0);
    await source.query("insert into public.t select repeat('あ', n) from unnest(array[0, 1, 400000]) n");
    await expectSame(3);
  });

  it("an enumeration travels by its labels, whatever its OID", async () => {
    await onBoth(`create type public.mood as enum ('sad', 'très "gai"'); create table public.t (v public.mood)`);
    await source.query(`insert into public.t values ('sad'), (null), ('très "gai"')`);
    await expectSame(3);
  });
});

describe("a table's format", () => {
  it("is binary only for the app's tables of such types", async () => {
    await source.query(`create schema forms;
       create type forms.mood as enum ('a'); create domain forms.short as text check (length(value) < 9); create type forms.pair as (a int, b int);
       create table forms.plain (id bigint, at timestamptz(3), price numeric(10, 2), name varchar(20), tags text[], mood forms.mood);
       create table forms.generated (id int, words tsvector generated always as ('x'::tsvector) stored);
       create table forms.nothing (); create table forms.gone (id int, x xml); alter table forms.gone drop column x;
       create table forms.enums (moods forms.mood[]); create table forms.domains (v forms.short); create table forms.pairs (v forms.pair);
       create table forms.cash (v money); create table forms.markup (v xml); create table forms.oids (v regclass); create table forms.words (v tsvector);
       create table forms."new\nline" (id int); create table forms.named ("a\nb" int);
       create table forms.parted (id int, at date) partition by range (id); create table forms.leaf partition of forms.parted default`);
    await source.inSession(async (session) => {
      const tables = await listTables(session);
      const formats = Object.fromEntries(
        tables.filter(({ schema }) => schema === "forms").map(({ name, format }) => [name, format]),
      );
      const binary = ["plain", "generated", "gone", "leaf"];
      const text = ["nothing", "enums", "domains", "pairs", "cash", "markup", "oids", "words", "new\nline", "named"];
      expect(formats).toEqual({
        ...Object.fromEntries(binary.map((name) => [name, "binary"])),
        ...Object.fromEntries(text.map((name) => [name, "text"])),
      });
      const others = tables.filter(({ kind }) => kind !== "app");
      expect(new Set(others.map(({ format }) => format))).toEqual(new Set(["text"]));
    });
  });
});

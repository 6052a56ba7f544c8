import { beforeAll, describe, expect, it } from "@jest/globals";

import type { Session } from "../../../recovery/postgres/session/database.ts";
import { forSuite } from "../../support/suite.ts";
import { startRoundTrip } from "../support/backingUp.ts";
import { firstDifferences, fullDumpOf } from "../support/peerDump.ts";
import { contentOf } from "../support/sample.ts";

/** Extensions with types that a role without superuser rights may make; all that the server offers. */
const EXTENSIONS = ["btree_gist", "citext", "cube", "hstore", "intarray", "isn", "lo", "ltree", "pg_trgm", "seg"];

/** Types of the app's own, of every kind; the test finds them in the catalog like all others. */
const OWN_TYPES = `
  create schema "型 ""x""";
  create type "型 ""x"""."Mood's" as enum ('', 'sad', 'it''s ok', 'a,b{c}"d\\e', '幸せ 🎭');
  alter type "型 ""x"""."Mood's" add value 'between' before 'sad';
  create type "型 ""x""".pair as (a int, "b c" text, gone int, m "型 ""x"""."Mood's"); alter type "型 ""x""".pair drop attribute gone;
  create type "型 ""x""".nested as (p "型 ""x""".pair, ps "型 ""x""".pair[], r int4range);
  create domain "型 ""x"""."Post code" as text check (value ~ '^\\d{3}-\\d{4}$' or value = '');
  create domain "型 ""x""".small as int default 7 check (value < 100);
  create domain "型 ""x""".smaller as "型 ""x""".small check (value < 50);
  create domain "型 ""x""".grid as int[] check (array_ndims(value) is null or array_ndims(value) < 3);
  create domain "型 ""x""".one_pair as "型 ""x""".pair;
  create type "型 ""x""".textrange as range (subtype = text, collation = "C", multirange_type_name = "型 ""x"""."many texts");
  create type "型 ""x""".floatrange as range (subtype = float8, subtype_diff = float8mi);
  create domain "型 ""x""".spans as "型 ""x""".floatrange;
  create table "型 ""x""".actor (name text, born date);`;

/**
 * Texts that are offered to every type: what a type takes is a value of it, so that each gets its extremes without a list by type that
 * could miss one.
 */
const OFFERED: readonly string[] = [
  // What breaks COPY text.
  ...["", " ", "\\N", "\\.", "\\", "\\\\x41", "a\tb\nc\r\nd\re\vf\b", "NULL", "null", '"', "'", "$$"],
  ...["\u0001\u007f", " padded ", "日本語 髙 𠮷", "👩‍👩‍👧 🇯🇵", "e\u0301", "\u200f\ufeff\u2028"],
  ...["x".repeat(10_000), "長い".repeat(5_000)],
  // Numbers.
  ...["0", "1", "-1", "-0", "32767", "-32768", "2147483647", "-2147483648", "4294967295", "9223372036854775807"],
  ...["-9223372036854775808", "18446744073709551615", "0.1", "0.30000000000000004", "1e-45", "5e-324"],
  ...["3.4028235e38", "1.7976931348623157e308", "1e500", "-1.50000", "0.10000000000000000000000000000000000001"],
  ...["NaN", "Infinity", "-Infinity", "$-92233720368547758.08", "92233720368547758.07", "t", "f", "101", "B"],
  "{0,1}",
  // Times.
  ...["infinity", "-infinity", "4713-01-01 BC", "4713-01-02 00:00:00+00 BC", "5874897-12-31"],
  ...["294276-12-31 23:59:59.999999+00", "2024-02-29", "1887-12-31 23:59:59.123456+09:18:59", "00:00", "24:00:00"],
  ...["23:59:59.999999", "23:59:59.999999+15:59:59", "12:00-12:34:56", "-178000000 years", "178000000 years"],
  ...["1 mon -1 day 00:00:00.000001", "-00:00:01.5", "-1 mons +1 days -00:00:00.000001"],
  // Networks, identifiers, snapshots.
  ...["2001:db8::1/64", "10.0.0.0/8", "255.255.255.255", "::ffff:1.2.3.4", "08:00:2b:01:02:03"],
  ...["ff:ff:ff:ff:ff:ff:ff:ff", "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-4fff-bfff-ffffffffffff"],
  ...["FFFFFFFF/FFFFFFFF", "0/0", "(4294967295,65535)", "10:20:10,14,15", "100:100:", "1 2 3", "\\x"],
  "\\x00ff5c4e0a",
  // Geometry.
  ...["(1,-2)", "(NaN,-Infinity)", "{1,-1,0}", "((0,0),(1e300,-1e-300))", "[(0,0),(1,1)]", "((0,0),(1,1),(2,0))"],
  ...["<(1,2),3>", "<(0,0),Infinity>"],
  // Documents.
  ...['{"b" : 1,  "a":2, "b": 3}', '{"nul": "\\u0000"}', '"\\ud83d\\ude00"', "12345678901234567890.123456789"],
  ...["[[[[]]], {}]", "<役 name='&amp;'>花子 &lt;3</役>", "$.a[*] ? (@.b > 1)", 'strict $."x y".type()'],
  ...["'fat' & (rat | !'役 者':*AB) <-> x", "'a':1A 'it''s':2,3B '役':16383", 'a => "1", "b c"=>NULL, ""=>""'],
  // Objects of the catalog, by name.
  ...["-", "pg_class", "pg_catalog.pg_class", "int4", "now", "lower(text)", "pg_catalog.lower(text)"],
  ...["pg_catalog.=", "+(integer,integer)", "~~(text,text)", "postgres", "anon", "pg_catalog", "public", "english"],
  ...["simple", 'pg_catalog."C"', "german_stem", "postgres=arwdDxt/postgres", "=r/postgres", "anon=r*/postgres"],
  // Arrays, ranges, rows.
  ...["{}", "{NULL}", '{"NULL",null,"",a}', "{{1,2},{3,NULL}}", "[-2:0]={1,2,3}", '{"{1}","{}"}', "empty", "(,)"],
  ...["[,5]", "[1,10)", "(0.1,NaN]", "[2024-01-01,infinity)", '["2024-01-01 00:00:00+09",)', "[a,z)", '["",")"]'],
  ...["{[1,3),[5,7)}", "{(,1),[9,)}", "{[2024-01-01,2024-02-01)}", '{["2024-01-01","2024-02-01")}'],
  ...["{[a,b),[c,d)}", '(1,"a ""b"", \\\\c",sad)', "(,,)", '("(1,x,)","{""(2,y,sad)""}","[1,2)")', "(,)"],
  "(花子,2001-02-03)",
  // Types of extensions.
  ...["A.B_c.D", "*.a{1,2}|b.!c@", "a & (b | !c)", "1&(2|!3)", "(1, 2),(3, 4)", "0..1", "~5 .. 7"],
  ...["978-0-393-04002-9", "0393040029", "9771144875007", "036000291452", "725272730706", "979-0-060-11561-5"],
  ...["M-2306-7118-7", "0317-8471", "9770317847001", "123-4567", "YES", "NO"],
];

/** Types without an input, so that no row holds a value. Any other type without a value fails the test. */
const WITHOUT_VALUES: readonly string[] = [
  // Only made by the server.
  ...["pg_node_tree", "pg_ndistinct", "pg_dependencies", "pg_mcv_list", "pg_brin_bloom_summary"],
  "pg_brin_minmax_multi_summary",
  // Internal to GiST indexes.
  ...["gtsvector", "gtrgm", "ltree_gist", "intbig_gkey", "ghstore", "gbtreekey2", "gbtreekey4", "gbtreekey8"],
  ...["gbtreekey16", "gbtreekey32", "gbtreekey_var"],
];

interface TypeFacts {
  oid: number;
  name: string;
  /** As SQL writes it. */
  sql: string;
  isArray: boolean;
  element: string;
  /** Of an element that is an array itself (a domain over one) array_agg would make another array. */
  isElementArray: boolean;
}

const started = forSuite(startRoundTrip);
let types: TypeFacts[];
beforeAll(async () => {
  const { query, inSession } = started.database;
  await query(EXTENSIONS.map((name) => `create extension ${name} with schema extensions`).join(";"));
  await query(OWN_TYPES);
  types = await inSession(listTypes);
});

/**
 * Every type that a column can be of. Pseudo-types can't be, nor can row types of the catalog's own tables (they hold `anyarray`, or mean
 * nothing in another database), and arrays of such.
 */
async function listTypes(session: Session): Promise<TypeFacts[]> {
  return await session.query<TypeFacts>(
    `with columns as (
       select t.oid, t.typname as name, coalesce(e.oid, 0) as element, e.typcategory = 'A' as is_element_array from pg_catalog.pg_type t
       join pg_catalog.pg_namespace n on n.oid = t.typnamespace left join pg_catalog.pg_class c on c.oid = t.typrelid
       left join pg_catalog.pg_type e on e.typarray = t.oid
       where t.typisdefined and t.typtype <> 'p' and n.nspname !~ '^pg_toast' and (t.typtype <> 'c' or n.nspname not in ('pg_catalog', 'information_schema', 'auth', 'storage', 'realtime', 'vault'))
     )
     select oid::int, name, pg_catalog.format_type(oid, null) as sql, element <> 0 as "isArray",
       pg_catalog.format_type(element, null) as element, is_element_array as "isElementArray"
     from columns where element = 0 or element in (select oid from columns) order by name, oid`,
  );
}

const tableOf = (type: TypeFacts) => `public.of_${type.oid}`;

/**
 * Values that Postgres writes as a text which it refuses, or reads as another value: a timestamp(2) that was rounded over its own end; a
 * seg whose upper bound it forgets to write. No backup as text can carry them, pg_dump's neither, so they are left out of the comparison;
 * any other such value fails the test.
 */
const WITHOUT_STABLE_TEXT = ["information_schema.time_stamp 294277-01-01 00:00:00+00", "extensions.seg ~5 .. "];

/** Makes a table of the type, with NULL, every offered text that it takes, an enum's labels, and for arrays the elements' values together. */
async function fillTable(
  session: Session,
  type: TypeFacts,
  values: ReadonlyMap<string, string>,
): Promise<{ distinct: number; unstable: string[] }> {
  const table = tableOf(type);
  await session.query(`create table ${table} (id int generated always as identity, v ${type.sql});
    insert into ${table} (v) values (null)`);
  await session.query(`
    do $fill$ declare offered text; begin
      foreach offered in array array(select t from public.offered order by n) || array(select enumlabel::text from pg_catalog.pg_enum where enumtypid = ${type.oid}) loop
        begin
          execute format('insert into ${table} (v) values (%L)', offered);
        exception when others then null; -- Not a value of this type.
        end;
      end loop;
    end $fill$`);
  // As a literal, not as a cast of text, which some types read by other rules.
  await session.query(`
    do $check$ declare one record; again text; begin
      for one in select id, v::text as text from ${table} where v is not null loop
        begin
          execute format('select %L::${type.sql.replaceAll("'", "''")}::text', one.text) into again;
        exception when others then again := null;
        end;
        continue when again = one.text;
        insert into public.unstable values (${type.oid}, one.text);
        delete from ${table} where id = one.id;
      end loop;
    end $check$`);
  const unstable = await session.query<{ value: string }>(`select value from public.unstable where type = ${type.oid}`);
  const elements = values.get(type.element);
  if (type.isArray && !type.isElementArray && elements !== undefined) {
    await session.query(`insert into ${table} (v) select array_agg(v order by id) from ${elements};
      insert into ${table} (v) select array[array_agg(v order by id), array_agg(v order by id desc)] from ${elements}`);
  }
  const [row] = await session.query<{ count: number }>(`select count(distinct v::text)::int as count from ${table}`);
  return { distinct: row!.count, unstable: unstable.map(({ value }) => `${type.sql} ${value}`) };
}

describe("a value of every type", () => {
  it("comes back as it was, as stock pg_dump and another reader see it", async () => {
    const { database: source, target } = started;
    const scarce: string[] = [];
    const withoutStableText: string[] = [];
    await source.inSession(async (session) => {
      await session.query("create table public.offered (n int generated always as identity, t text)");
      await session.query("create table public.unstable (type oid, value text)");
      await session.query("insert into public.offered (t) select unnest($1::text[])", [OFFERED]);
      const filled = new Map<string, string>();
      for (const type of [...types].sort((a, b) => Number(a.isArray) - Number(b.isArray))) {
        const { distinct, unstable } = await fillTable(session, type, filled);
        withoutStableText.push(...unstable);
        filled.set(type.sql, tableOf(type));
        const own = type.isArray ? type.name.replace(/^_/, "") : type.name;
        const isWithout = WITHOUT_VALUES.includes(own);
        if (distinct < 2 && !isWithout) scarce.push(`${type.sql} (${distinct} values)`);
        if (distinct > 1 && !type.isArray && isWithout) scarce.push(`${type.sql} has values`);
      }
    });
    expect([scarce, withoutStableText.sort()]).toEqual([[], WITHOUT_STABLE_TEXT.sort()]);
    expect(types.length).toBeGreaterThan(200);
    expect(types.map(({ name }) => name)).toEqual(expect.arrayContaining([...WITHOUT_VALUES]));

    const saved = await started.backUp();
    const { tables } = await started.manifestOf();
    const restored = await started.restoreInto(target.url);
    expect(restored.rows).toBe(saved.rows);
    const filled = new Set(tables.filter(({ rows }) => rows > 0).map(({ name }) => name));
    expect(types.filter(({ oid }) => !filled.has(`of_${oid}`)).map(({ sql }) => sql)).toEqual([]);
    expect(await contentOf(target.url)).toEqual(await contentOf(source.url));
    expect(firstDifferences(fullDumpOf(target.superuserUrl), fullDumpOf(source.superuserUrl))).toEqual([]);
  }, 120_000);
});

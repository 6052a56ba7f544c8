import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { GetObjectCommand, ListObjectsV2Command } from "@aws-sdk/client-s3";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";

import { PROJECT_ROOT } from "../../../lab/sandbox/host/layout.ts";
import type { BackupOptions } from "../../../recovery/backup/backup.ts";
import { PLATFORM_ROLES } from "../../../recovery/postgres/catalog/platform.ts";
import type { Vault } from "../../../services/vault/vault.ts";
import { makeTestFolder } from "../../support/folder.ts";
import { forSuite } from "../../support/suite.ts";
import { newAgeKey } from "../support/ageKey.ts";
import { firstDifferences, fullDumpOf, rolesOf } from "../support/peerDump.ts";
import { startRestoring } from "../support/restoring.ts";
import { addOwnRoles, fillSample, tamper } from "../support/sample.ts";

const PAGE = readFileSync(join(PROJECT_ROOT, "docs", "restore-by-hand.md"), "utf8");
const blocksOf = (mark: string) =>
  [...PAGE.matchAll(new RegExp(`^\`\`\`bash ${mark}\\n(.*?)^\`\`\`$`, "gms"))].map(([, block]) => block!);

const AGE_STAND_IN = join(PROJECT_ROOT, "tests", "recovery", "support", "ageStandIn.ts");

/** What else may break a restore by hand: names, several chunks, tables without columns, sequences, views. */
const MORE = `
  grant select (email) on auth.identities to reporting; grant execute on function extensions.gen_salt(text) to reporting with grant option;
  create role app_owner; grant app_owner to postgres; grant create on schema public to app_owner; create table public.orders (id int); alter table public.orders owner to app_owner;
  revoke create on schema public from app_owner;
  select set_config('search_path', 'a;select/**/1"x,"; \\! touch smuggled"', false); alter role reporting set search_path from current; select set_config('search_path', '', false);
  create schema "募集 ""x""";
  create table "募集 ""x"""."Ünï. | codé" (id int generated always as identity (start 7 increment 3), "a,b" text, "\\ tab	" text,
    "new
line" int, twice int generated always as (length("a,b") * 2) stored);
  insert into "募集 ""x"""."Ünï. | codé" ("a,b", "\\ tab	") values (E'x\\ny\\tz\\\\', '\\N'), (E'\\\\.', ''), (null, E'\\r\\n\\\\N'), ('日本語', '\\\\');
  create table public.no_columns (); insert into public.no_columns default values; insert into public.no_columns default values;
  create table public.big (id int primary key, t text);
  insert into public.big select n, md5(n::text) || repeat('text ', n % 60) from generate_series(1, 120000) n;
  create materialized view public.z_base as select count(*) as n from public.big; create materialized view public.a_top as select n + 1 as n from public.z_base;
  create sequence public.unused start 40; create sequence public.set_back; select setval('public.set_back', 70, false);`;

const started = forSuite(startRestoring);
let folder: { path: string; remove(): Promise<void> };

beforeAll(async () => {
  const { database } = started;
  await fillSample(database.url, 150);
  await addOwnRoles(database);
  await database.query(MORE);
  // What a server of November 2026 writes by itself, simulated in the catalog.
  await database.asSuperuser(
    `update pg_attribute set attoptions = '{pg_attver=22599024}' where attrelid = 'public.big'::regclass and attname = 't'`,
  );
}, 60_000);
beforeEach(async () => {
  folder = await makeTestFolder();
});
afterEach(() => Promise.all([started.target.renew(), folder.remove()]));

const backUp = async (more: Partial<BackupOptions> = {}) => {
  const vault = await started.cloud.newVault();
  const { tier, backupId } = await started.backUp({ vault, ...more });
  return { vault, place: `${tier}/${backupId}` };
};

/** Downloads every object of a vault, by an S3 client that isn't the program's. */
async function download(vault: Vault, into: string): Promise<void> {
  const { s3 } = started.cloud;
  const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket: vault.name }));
  for (const { Key } of Contents ?? []) {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: vault.name, Key }));
    const file = join(into, Key!);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, await Body!.transformToByteArray());
  }
}

/**
 * Runs the page's blocks as one script. Stands in for what a test machine may lack: `aws`, by the downloaded objects, and unless they are
 * installed, `zstd` by Node's decoder and `age` by the library age-encryption.
 */
async function followThePage(
  { vault, place }: Awaited<ReturnType<typeof backUp>>,
  { blocks = blocksOf("by-hand"), identity = "", databaseUrl = started.target.url } = {},
): Promise<{ status: number | null; output: string }> {
  const objects = join(folder.path, "vault");
  const work = join(folder.path, "work");
  mkdirSync(work);
  await download(vault, objects);
  const publicKey = join(folder.path, "key.pem");
  writeFileSync(publicKey, started.trustedKeys.join(""));
  const identityFile = join(folder.path, "identity.txt");
  writeFileSync(identityFile, `# as age-keygen writes it\n${identity}\n`);
  const url = new URL(databaseUrl);
  const settings: Record<string, string> = {
    BUCKET: vault.name,
    BACKUP: place,
    PUBLIC_KEY: publicKey,
    AGE_IDENTITY: identityFile,
    PGHOST: url.hostname,
    PGPORT: url.port,
    PGUSER: url.username,
    PGDATABASE: url.pathname.slice(1),
    PGPASSWORD: decodeURIComponent(url.password),
  };
  for (const name of Object.keys(settings)) expect(blocksOf("settings").join("")).toContain(name);
  const standIns = `
    aws() { [ "$1 $2 $3" = "s3 cp --only-show-errors" ] && cp "$OBJECTS/\${4#"s3://$BUCKET/"}" "$5"; }
    command -v zstd > /dev/null || zstd() { [ "$1" = -dc ] && node -e 'process.stdin.pipe(require("zlib").createZstdDecompress()).pipe(process.stdout)'; }
    command -v age > /dev/null || age() { node --no-warnings "$AGE_STAND_IN" "$@"; }`;
  const input = [standIns, ...blocks].join("\n");
  const env = { ...process.env, ...settings, OBJECTS: objects, AGE_STAND_IN };
  const { status, stdout, stderr } = spawnSync("bash", ["-s"], { cwd: work, input, env });
  return { status, output: `${stdout.toString()}${stderr.toString()}` };
}

/** The target must be the source, but for the option that no other server accepts. */
function expectWhole(): void {
  const ofServer = /^ALTER TABLE ONLY .* SET \(pg_attver=\d+\);\n/m;
  const expected = fullDumpOf(started.database.superuserUrl).replace(ofServer, "");
  expect(firstDifferences(fullDumpOf(started.target.superuserUrl), expected)).toEqual([]);
}

describe("docs/restore-by-hand.md", () => {
  it("restores a backup with only stock tools, as stock pg_dump sees it", async () => {
    expect(blocksOf("by-hand").length).toBeGreaterThan(7);
    const { status, output } = await followThePage(await backUp());
    expect([output, status]).toEqual([expect.stringContaining("Verified OK"), 0]);
    expectWhole();
    expect(firstDifferences(rolesOf(started.target.superuserUrl), rolesOf(started.database.superuserUrl))).toEqual([]);
    expect(await started.target.query("select n from public.a_top")).toEqual([{ n: "120001" }]);
  }, 60_000);

  it("opens an encrypted backup, and continues with the missing rows when their step is run again", async () => {
    const { identity, sealer } = await newAgeKey();
    const blocks = blocksOf("by-hand");
    const rows = blocks.findIndex((block) => block.includes("> chunks.txt"));
    const interrupted = blocks[rows]!.replace("done < chunks.txt", "done < <(tail -n 1 chunks.txt)");
    expect(interrupted).not.toBe(blocks[rows]);
    const look = 'echo "$(ask -c "select count(*) from by_hand.done") chunk is in"';
    const saved = await backUp({ sealer });
    const script = [...blocks.slice(0, rows), interrupted, look, ...blocks.slice(rows)];
    const { status, output } = await followThePage(saved, { blocks: script, identity });
    expect([output, status]).toEqual([expect.stringContaining("\n1 chunk is in"), 0]);
    expectWhole();
  }, 60_000);

  it("names a right that the platform does not let it grant, and what the target permits beyond the source", async () => {
    const { asSuperuser } = started.database;
    const [reload, hmac] = ["pg_catalog.pg_reload_conf()", "extensions.hmac(bytea, bytea, text)"];
    await asSuperuser(`grant select on storage.migrations to reporting; grant execute on function ${reload}, ${hmac} to reporting;
      revoke execute on function ${hmac} from public`);
    const { status, output } = await followThePage(await backUp());
    await asSuperuser(`revoke select on storage.migrations from reporting; revoke execute on function ${reload}, ${hmac} from reporting;
      grant execute on function ${hmac} to public`);
    expect(status).toBe(0);
    const warning = 'WARNING:  no privileges were granted for "migrations"';
    expect(output.match(/(?:ERROR|WARNING): .*granted.*/g)).toContain(warning);
    expect(output.match(/ERROR: .*/g)).toEqual(["ERROR:  permission denied for function pg_reload_conf"]);
    const roles = ["anon", "authenticated", "public", "service_role"];
    const broader = roles.map((role) => `${role} may EXECUTE routine extensions.hmac(bytea,bytea,text)`);
    expect(output.match(/^\S+ may .*$/gm)).toEqual(broader);
  }, 60_000);

  it("stops before anything is made when the manifest is not the signer's", async () => {
    const { vault, place } = await backUp();
    await tamper(vault, `${place}/manifest.json`, (bytes) =>
      Buffer.from(bytes.toString().replace(/"posts": \d+/, '"posts": 151')),
    );
    const { status, output } = await followThePage({ vault, place });
    expect([output, status]).toEqual([expect.stringContaining("Verification failure"), 1]);
    expect(await started.target.query("select from pg_namespace where nspname in ('by_hand', 'private')")).toEqual([]);
  }, 60_000);

  it("stops before a row is brought when an object is not the manifest's", async () => {
    const { vault, place } = await backUp();
    const first = `${place}/data/000001.copy.zst`;
    const second = Buffer.from((await vault.getBytes(`${place}/data/000002.copy.zst`))!);
    await tamper(vault, first, () => second);
    const { status, output } = await followThePage({ vault, place });
    expect([output, status]).toEqual([expect.stringContaining("000001.copy.zst: FAILED"), 1]);
    expect(await started.target.query("select from pg_tables where schemaname in ('public', 'private')")).toEqual([]);
  }, 60_000);

  /** Runs the page's check of a roles.sql. */
  const checkRoles = (...lines: string[]) => {
    const block = blocksOf("by-hand").find((one) => one.includes("forms.txt"))!;
    const check = block.slice(block.indexOf("name="), block.indexOf("grep -vE"));
    expect(check).toContain("exit 1");
    const script = ["-- The app's own roles, without passwords.", ...lines, ""].join("\n");
    const input = `set -euo pipefail\ncat > roles.sql <<'ROLES'\n${script}ROLES\n${check}\necho passed\n`;
    const { status, stdout, stderr } = spawnSync("bash", ["-s"], { cwd: folder.path, input });
    return { status, stdout: stdout.toString(), stderr: stderr.toString() };
  };
  const made = (name: string) =>
    `do $role$ begin if not exists (select from pg_catalog.pg_roles where rolname = '${name}') then create role "${name}"; end if; end $role$;`;
  it.each<[string, string[], string]>([
    ["SQL in a list", [`alter role me set search_path to a;select/**/1"x,"; \\! touch smuggled";`], 'a;select/**/1"x'],
    [
      "a command to psql on a line of its own",
      [`alter role me set search_path to a,"`, "\\! touch smuggled", `";`],
      "touch smuggled",
    ],
    ["a statement behind another", ["alter role me login inherit; reset role;"], "reset role"],
    ["a name that ends the body it stands in", [made("me$role$; reset role; do $role$ begin end")], "me$role$"],
    ["a body of another kind", ["do 'begin perform pg_sleep(1); end';"], "pg_sleep"],
    ["an attribute that no backup writes", ["alter role me superuser;"], "superuser"],
  ])("stops before it runs a roles.sql with %s, and shows the line", (_what, lines, named) => {
    const { status, stdout, stderr } = checkRoles(made("me"), ...lines);
    expect([stderr, status]).toEqual([expect.stringContaining("of no form that a backup writes"), 1]);
    expect(stdout).toContain(named);
    expect(readdirSync(folder.path)).not.toContain("smuggled");
  });

  it("runs a roles.sql of an earlier version that only holds what a backup writes", () => {
    const { status, stdout } = checkRoles(
      made("Analyst 1"),
      made("me"),
      `alter role "Analyst 1" login inherit createdb connection limit 4 valid until '2027-01-01 00:00:00+00';`,
      'alter role me set search_path to "$user", public;',
      String.raw`alter role me set "app.path" to E'C:\\it''s';`,
      'grant me to "Analyst 1" with admin true, inherit false, set true;',
      "grant me to authenticator with admin option;",
      "grant me to anon;",
    );
    expect([stdout, status]).toEqual(["passed\n", 0]);
  });

  it("refuses a superuser's connection before anything of the backup is run", async () => {
    const { status } = await followThePage(await backUp(), { databaseUrl: started.target.superuserUrl });
    expect(status).toBe(1);
    expect(await started.target.asSuperuser("select from pg_namespace where nspname = 'private'")).toEqual([]);
  }, 60_000);

  it("drops the manifest in its last step, as those before read it", () => {
    const drops = blocksOf("by-hand").map((block) => block.includes("drop schema by_hand"));
    expect(drops.indexOf(true)).toBe(drops.length - 1);
    expect(PAGE.lastIndexOf("`part ")).toBeLessThan(PAGE.indexOf("drop schema by_hand"));
  });

  it("names the app's own roles as the program does", () => {
    expect(/rolname !~ '(.*?)'/.exec(PAGE)?.[1]).toBe(PLATFORM_ROLES);
  });
});

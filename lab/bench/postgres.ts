import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { appendFile, mkdir, mkdtemp, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

import { type Session, withSession } from "../../recovery/postgres/session/database.ts";
import { freePort } from "../../services/common/ports.ts";
import { PROJECT_ROOT } from "../sandbox/host/layout.ts";
import { createCluster, killCluster, startCluster, stopCluster, SUPERUSER } from "../sandbox/postgres/cluster.ts";
import { connectionUrl, prepareSupabase } from "../sandbox/postgres/supabase.ts";
import { type DataSet, type RowShape, tablesOf } from "./dataSet.ts";
import { type BenchService, service } from "./service.ts";
import { COLUMNS, copyText } from "./text.ts";

const PASSWORD = "bench";
/** A snapshot of 20,000 tables holds a lock on each. */
const CONFIGURATION = "max_locks_per_transaction = 1024\n";
const HOME = join(PROJECT_ROOT, ".sandbox");
/** Cached servers; `make clean` removes them. */
const CACHE = join(HOME, "bench");
/** The sources that a cached server depends on. A change in one of them creates the server again. */
const SOURCES = [
  "lab/bench/postgres.ts",
  "lab/bench/dataSet.ts",
  "lab/bench/schema.sql",
  "lab/bench/tables.sql",
  "lab/bench/text.ts",
  "recovery/postgres/programs/postgresServer.ts",
  "lab/sandbox/postgres/cluster.ts",
  "lab/sandbox/postgres/supabase.ts",
  "lab/sandbox/postgres/supabase.sql",
  "package-lock.json",
];

/** A Supabase-like Postgres with this data, which is read from disk once before measuring. Created at its first use and cached. */
export async function startSource(data: DataSet): Promise<BenchService<string>> {
  const folder = await kept(`${data.shape}-${data.megabytes}`, (url) => fillDatabase(url, data));
  const url = await start(folder);
  const source = service(url, () => stopCluster(dataOf(folder)));
  try {
    await warm(url);
    return source;
  } catch (error) {
    await source.stop();
    throw error;
  }
}

/** A new Supabase-like project. The connection string is for `postgres`, the role that both sides use. */
export async function startTarget(): Promise<BenchService<string>> {
  const template = await kept("empty", () => Promise.resolve());
  await mkdir(HOME, { recursive: true });
  const folder = await mkdtemp(join(HOME, "bench-target-"));
  const end = async () => {
    await killCluster(dataOf(folder));
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await promisify(execFile)("cp", ["-a", dataOf(template), dataOf(folder)]);
    return service(await start(folder), end);
  } catch (error) {
    await end();
    throw error;
  }
}

/** The folder of a cached server that is stopped; `fill` receives the connection string of the role `postgres`. */
async function kept(name: string, fill: (url: string) => Promise<void>): Promise<string> {
  const hash = createHash("sha256");
  for (const source of SOURCES) hash.update(await readFile(join(PROJECT_ROOT, source)));
  const folder = join(CACHE, `${name}-${hash.digest("hex").slice(0, 10)}`);
  if (existsSync(folder)) return folder;
  await mkdir(CACHE, { recursive: true });
  for (const other of await readdir(CACHE)) {
    if (other.slice(0, -11) === name) await rm(join(CACHE, other), { recursive: true, force: true });
  }
  const beginning = await mkdtemp(join(HOME, "bench-making-"));
  const dataDir = dataOf(beginning);
  const making = service(beginning, async () => {
    await killCluster(dataDir);
    await rm(beginning, { recursive: true, force: true });
  });
  try {
    const options = optionsOf(beginning, await freePort());
    await createCluster(options);
    await appendFile(join(dataDir, "postgresql.conf"), CONFIGURATION);
    await startCluster(options);
    await prepareSupabase(connectionUrl(SUPERUSER, PASSWORD, options.port), { postgresPassword: PASSWORD });
    await fill(connectionUrl("postgres", PASSWORD, options.port));
    await stopCluster(dataDir);
    await rename(beginning, folder);
    return folder;
  } finally {
    await making.stop();
  }
}

async function start(folder: string): Promise<string> {
  // A killed benchmark may have left it behind.
  await killCluster(dataOf(folder));
  const options = optionsOf(folder, await freePort());
  await startCluster(options);
  return connectionUrl("postgres", PASSWORD, options.port);
}

function dataOf(folder: string): string {
  return join(folder, "data");
}

function optionsOf(folder: string, port: number) {
  return { dataDir: dataOf(folder), port, superuserPassword: PASSWORD, log: join(folder, "log") };
}

/** Reads every table once, so that neither side pays for the disk. */
async function warm(url: string): Promise<void> {
  await withSession(url, { applicationName: "bench" }, async (session) => {
    const tables = await session.query<{ name: string }>(
      "select format('%I.%I', schemaname, tablename) as name from pg_catalog.pg_tables where schemaname = 'bench'",
    );
    for (const { name } of tables) await session.query(`select sum(length(t::text)) from ${name} as t`);
  });
}

/** Fills schema `bench`. */
async function fillDatabase(databaseUrl: string, { shape, megabytes }: DataSet): Promise<void> {
  await withSession(databaseUrl, { applicationName: "bench" }, async (session) => {
    await session.query("drop schema if exists bench cascade; create schema bench");
    if (shape === "schema" || shape === "tables") await fillWithDefinitions(session, shape, megabytes);
    else await fillWithRows(session, shape, megabytes);
    await session.query("vacuum analyze");
  });
}

/** Tables with a primary key and another index each. */
async function fillWithRows(session: Session, shape: RowShape, megabytes: number): Promise<void> {
  const tables = tablesOf(shape);
  for (let table = 0; table < tables; table += 1) {
    const name = `bench.t${table}`;
    await session.query(`create table ${name} (${COLUMNS[shape]})`);
    for (const text of copyText(shape, table, (megabytes * 1e6) / tables))
      await session.copyIn(`copy ${name} from stdin`, text);
    await session.query(`alter table ${name} add primary key (id); create index on ${name} (created_at)`);
  }
}

/** COPY text of a row: of schema.sql's partitioned tables, both together, and of a table of tables.sql. */
const ROW_BYTES = { schema: 400, tables: 100 };

async function fillWithDefinitions(session: Session, shape: keyof typeof ROW_BYTES, megabytes: number): Promise<void> {
  const rows = Math.round((megabytes * 1e6) / ROW_BYTES[shape]);
  await session.query("select set_config('bench.rows', $1, false)", [String(rows)]);
  const script = await readFile(join(PROJECT_ROOT, "lab", "bench", `${shape}.sql`), "utf8");
  for (const piece of script.split("-- next\n")) await session.query(piece);
}

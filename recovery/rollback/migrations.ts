import type { Session } from "../postgres/session/database.ts";
import { quoteIdent } from "../postgres/session/quote.ts";

/** A migration that the database has had. */
export interface AppliedMigration {
  /** Its number, by which migrations are ordered. */
  version: string;
  name: string;
  /** Its SQL, as far as the database keeps it. */
  statements: readonly string[] | undefined;
}

/** Where the Supabase CLI notes migrations (https://supabase.com/docs/guides/deployment/database-migrations), and other tools do. */
const TABLES = ["supabase_migrations.schema_migrations", "public.schema_migrations"] as const;

/** The migrations that a database has had, oldest first; undefined if it keeps no note of them. */
export async function appliedMigrations(session: Session): Promise<AppliedMigration[] | undefined> {
  for (const table of TABLES) {
    const [schema = "", name = ""] = table.split(".");
    const columns = await session.query<{ name: string }>(
      "select attname as name from pg_catalog.pg_attribute where attrelid = pg_catalog.to_regclass($1) and attnum > 0 and not attisdropped",
      [table],
    );
    const has = (column: string): boolean => columns.some((one) => one.name === column);
    if (!has("version")) continue;
    const rows = await session.query<{ version: string; name: string | null; statements: string[] | null }>(
      `select version::text as version, ${has("name") ? "name::text" : "null"} as name, ${has("statements") ? "statements::text[]" : "null::text[]"} as statements
         from ${quoteIdent(schema)}.${quoteIdent(name)} order by version::text`,
    );
    return rows.map(({ version, name: called, statements }) => ({
      version,
      name: called ?? "",
      statements: statements ?? undefined,
    }));
  }
  return undefined;
}

/** A file of a migration in a repository: its folder, and its number at the beginning of its name. */
const FILE = /(?:^|\/)(?:supabase|db)\/migrat(?:ions|e)\/(\d+)[^/]*$/;

/** The numbers of the migrations that a source tree has. Pure. */
export function migrationsIn(paths: readonly string[]): string[] {
  return paths.flatMap((path) => FILE.exec(path)?.[1] ?? []);
}

/** What a deployment is compared by. */
export interface SchemaQuestion {
  /** Undefined if the database keeps no note of its migrations. */
  applied: readonly AppliedMigration[] | undefined;
  /** The numbers that the deployment's source has; undefined if the source cannot be read. */
  known: readonly string[] | undefined;
  createdAt: Date;
}

/** Whether a deployment fits the database's schema. */
export interface SchemaFit {
  fits: "yes" | "no" | "unknown";
  /** Why, as a sentence. */
  says: string;
}

/**
 * Compares the migrations that the database has had with those that a deployment's source has. A newer migration fits if each of its statements
 * only adds what older code does not notice. Without the source, numbers that are times of day are compared with the deployment's. Pure.
 */
export function schemaFit({ applied, known, createdAt }: SchemaQuestion): SchemaFit {
  if (applied === undefined)
    return {
      fits: "unknown",
      says: `The database keeps no note of its migrations (${TABLES.join(", ")}), so it cannot be known whether an earlier deployment fits its schema.`,
    };
  const newer =
    known === undefined
      ? applied.filter(({ version }) => version > timeNumber(createdAt))
      : applied.filter(({ version }) => !known.includes(version));
  const basis =
    known === undefined
      ? "by their numbers, since its source could not be read"
      : "of those that its source does not have";
  if (newer.length === 0)
    return known === undefined
      ? { fits: "unknown", says: "The deployment's source could not be read, so its migrations cannot be compared." }
      : { fits: "yes", says: `The database has had none but the deployment's own migrations (${applied.length}).` };
  const breaking = newer.filter((one) => !isAdditive(one));
  if (breaking.length === 0)
    return {
      fits: "yes",
      says: `The database has had ${newer.length} newer migrations, which only add: ${listed(newer)}.`,
    };
  return {
    fits: "no",
    says: `The database has had ${breaking.length} migrations that this deployment may not work with (${basis}): ${listed(breaking)}.`,
  };
}

/** A time as the Supabase CLI numbers migrations: 20260701020000. */
function timeNumber(time: Date): string {
  return time.toISOString().replace(/\D/g, "").slice(0, 14);
}

function listed(migrations: readonly AppliedMigration[]): string {
  const shown = migrations.slice(0, 5).map(({ version, name }) => (name === "" ? version : `${version} ${name}`));
  return [...shown, ...(migrations.length > shown.length ? [`${migrations.length - shown.length} more`] : [])].join(
    ", ",
  );
}

/** Statements that older code does not notice. Anything else counts as a change. */
const ADDITIVE: readonly RegExp[] = [
  /^create table /,
  /^create (unique )?index /,
  /^create view /,
  /^create (type|sequence|schema|extension) /,
  /^comment on /,
  /^grant /,
  /^alter table (if exists )?(only )?[^ ]+ add column (?!.* not null(?!.* default ))[^,]*$/,
  /^alter table [^ ]+ enable row level security$/,
];
/** A unique index refuses rows that older code may write. */
const REFUSES = /^create unique index /;

function isAdditive({ statements }: AppliedMigration): boolean {
  if (statements === undefined || statements.length === 0) return false;
  const made = new Set<string>();
  return statements.every((statement) => {
    const plain = statement
      .replace(/--[^\n]*/g, " ")
      .replace(/\/\*.*?\*\//gs, " ")
      .replace(/\s+/g, " ")
      .trim()
      .replace(/;$/, "")
      .trim()
      .toLowerCase();
    if (plain === "") return true;
    // Several statements in one text are not looked into.
    if (plain.includes(";")) return false;
    const table = /^create table (?:if not exists )?([^ (]+)/.exec(plain)?.[1];
    if (table !== undefined) made.add(table);
    // What is done to a table that the same migration makes is new as well.
    const on = /^(?:create policy .* on|alter table(?: only)?|create (?:unique )?index (?:.* )?on) ([^ (]+)/.exec(
      plain,
    )?.[1];
    if (on !== undefined && made.has(on)) return true;
    return !REFUSES.test(plain) && ADDITIVE.some((form) => form.test(plain));
  });
}

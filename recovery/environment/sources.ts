/**
 * What a variable can be made from: addresses and keys of the recovered project. `databaseUrl` and its parts are as the app's setting
 * `connection` says. `sessionUrl` is the session pooler's address, for migrations and all else that a transaction's end would break.
 */
export const SOURCES = [
  "supabaseUrl",
  "supabaseRef",
  "anonKey",
  "serviceRoleKey",
  "databaseUrl",
  "sessionUrl",
  "databaseHost",
  "databasePort",
  "databaseUser",
  "databasePassword",
  "databaseName",
] as const;
export type Source = (typeof SOURCES)[number];

/** Prefixes by which frameworks choose the variables that a browser may see. */
const PREFIX = /^(NEXT_PUBLIC|NUXT_PUBLIC|NUXT|VITE|EXPO_PUBLIC|REACT_APP|GATSBY|PUBLIC)_/;

/**
 * Names whose value is the database's or its project's in every app, and so never the lost one's after a recovery. Those of Supabase's
 * integration are among them (https://vercel.com/marketplace/supabase). SUPABASE_JWT_SECRET has no source: it is not read from any project.
 */
const BY_NAME: Readonly<Record<string, Source>> = {
  SUPABASE_URL: "supabaseUrl",
  SUPABASE_ANON_KEY: "anonKey",
  SUPABASE_PUBLISHABLE_KEY: "anonKey",
  SUPABASE_SERVICE_ROLE_KEY: "serviceRoleKey",
  SUPABASE_SECRET_KEY: "serviceRoleKey",
  SUPABASE_DB_URL: "databaseUrl",
  DATABASE_URL: "databaseUrl",
  DIRECT_URL: "sessionUrl",
  POSTGRES_URL: "databaseUrl",
  POSTGRES_PRISMA_URL: "databaseUrl",
  POSTGRES_URL_NON_POOLING: "sessionUrl",
  POSTGRES_HOST: "databaseHost",
  POSTGRES_USER: "databaseUser",
  POSTGRES_PASSWORD: "databasePassword",
  POSTGRES_DATABASE: "databaseName",
  PGHOST: "databaseHost",
  PGPORT: "databasePort",
  PGUSER: "databaseUser",
  PGPASSWORD: "databasePassword",
  PGDATABASE: "databaseName",
};

/** What a variable of this name is made from, unless the file says otherwise. */
export function sourceByName(key: string): Source | undefined {
  return BY_NAME[key.replace(PREFIX, "")] ?? BY_NAME[key];
}

const PLACEHOLDER = /\{([A-Za-z]*)\}/g;

/** The sources that a mapping names: a source's name, or a text with sources in braces, such as `{supabaseUrl}/storage/v1`. */
function namesIn(from: string): string[] {
  return /^[A-Za-z]+$/.test(from) ? [from] : [...from.matchAll(PLACEHOLDER)].map(([, name = ""]) => name);
}

/** What is wrong with a mapping, as a clause; undefined for a right one. */
export function faultOfMapping(from: string): string | undefined {
  const names = namesIn(from);
  const wrong = names.find((name) => !isSource(name));
  if (names.length > 0 && wrong === undefined) return undefined;
  return `from=${from} names ${wrong === undefined ? "no source" : `"${wrong}", which is no source`}; the sources are ${SOURCES.join(", ")}, as a word or in a text such as {supabaseUrl}/storage/v1`;
}

function isSource(name: string): name is Source {
  return (SOURCES as readonly string[]).includes(name);
}

/** The value of a mapping. `valueOf` is asked only for the sources that it names. */
export async function filled(from: string, valueOf: (source: Source) => Promise<string> | string): Promise<string> {
  const values = new Map<string, string>();
  for (const name of namesIn(from).filter(isSource)) values.set(name, await valueOf(name));
  return values.get(from) ?? from.replace(PLACEHOLDER, (_, name: string) => values.get(name) ?? "");
}

import type { DatabaseAddress } from "../../clients/databaseUrl.ts";

/** What is about to be destroyed, for whoever has to agree to it. */
export interface Danger {
  /** What the database is called; typing one of these is to agree: "host:port/database", and the project's ref where there is one. */
  names: string[];
  /** Exactly what is lost, in sentences. */
  lines: string[];
}

/** Asks whether to go on. Throws a UserError where nobody agrees. */
export type Confirm = (danger: Danger) => Promise<void>;

/** What a database may be called: its address, and on Supabase's pooler the project's ref, which the role's name ends with. */
export function namesOf({ host, port, database, user }: DatabaseAddress): string[] {
  const ref = /^postgres\.([a-z0-9]+)$/.exec(user)?.[1];
  return [`${host}:${port}/${database}`, ...(ref === undefined ? [] : [ref])];
}

import { UserError } from "../../../services/common/errors.ts";
import type { DatabaseAddress } from "./databaseUrl.ts";

/** What is about to be destroyed, for whoever has to agree to it. */
export interface Danger {
  /** What the names are those of. @default "database" */
  what?: string;
  /** What the database is called; typing one of these is to agree: "host:port/database", and the project's ref where there is one. */
  names: string[];
  /** Exactly what is lost, in sentences. */
  lines: string[];
}

/** Asks whether to go on. Throws a UserError where nobody agrees. */
export type Confirm = (danger: Danger) => Promise<void>;

/** The Supabase project that an address belongs to: on the pooler its role's name ends with the ref, a direct host begins with it. */
function refOf({ host, user }: Pick<DatabaseAddress, "host" | "user">): string | undefined {
  return /^postgres\.([a-z0-9]+)$/.exec(user)?.[1] ?? /^db\.([a-z0-9]+)\.supabase\.co$/.exec(host)?.[1];
}

/**
 * What a database may be called: its project's ref where its address tells one, since all projects of a region lie behind one address
 * of the pooler; else that address.
 */
export function namesOf(address: DatabaseAddress): string[] {
  const { host, port, database } = address;
  const ref = refOf(address);
  const own = `${host}:${port}/${database}`;
  if (ref === undefined) return [own];
  return host.includes(ref) ? [own, ref] : [ref];
}

/** What a database is called first, as in the recovery log. */
export function nameOf(address: DatabaseAddress): string {
  return namesOf(address)[0] ?? address.host;
}

/** UserError where a database and what lies beside it are to be restored into two projects. */
export function refuseOtherProject(address: DatabaseAddress, ref: string): void {
  const told = refOf(address);
  if (told === undefined || told === ref) return;
  throw new UserError(
    `TARGET_DATABASE_URL is the database of project ${told}, and TARGET_SUPABASE_REF names ${ref}: storage objects, functions and auth settings of ${ref} would be overwritten. Name one project in both.`,
  );
}

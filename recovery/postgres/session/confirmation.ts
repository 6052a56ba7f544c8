import { UserError } from "../../../services/common/errors.ts";
import type { DatabaseAddress } from "./databaseUrl.ts";

/** What is about to be destroyed, to be shown before confirmation. */
export interface Danger {
  /** What the names belong to. @default "database" */
  what?: string;
  /** What the operator types to confirm, one of these: "host:port/database", or the project's ref if there is one. */
  names: string[];
  /** What will be lost, in sentences. */
  lines: string[];
}

/** Asks for confirmation. @throws UserError without it */
export type Confirm = (danger: Danger) => Promise<void>;

/** The Supabase project of an address: on the pooler its role's name ends with the ref, and a direct host starts with it. */
export function refOf({ host, user }: Pick<DatabaseAddress, "host" | "user">): string | undefined {
  return /^postgres\.([a-z0-9]+)$/.exec(user)?.[1] ?? /^db\.([a-z0-9]+)\.supabase\.co$/.exec(host)?.[1];
}

/**
 * What a database may be called: its project's ref if the address holds it, since all projects of a region share the pooler's address.
 * Otherwise the address.
 */
export function namesOf(address: DatabaseAddress): string[] {
  const { host, port, database } = address;
  const ref = refOf(address);
  const own = `${host}:${port}/${database}`;
  if (ref === undefined) return [own];
  return host.includes(ref) ? [own, ref] : [ref];
}

/** The name of a database in messages and in the recovery log. */
export function nameOf(address: DatabaseAddress): string {
  return namesOf(address)[0] ?? address.host;
}

/** UserError if a database and the content outside it would be restored into two projects. */
export function refuseOtherProject(address: DatabaseAddress, ref: string): void {
  const told = refOf(address);
  if (told === undefined || told === ref) return;
  throw new UserError(
    `TARGET_DATABASE_URL is the database of project ${told}, but TARGET_SUPABASE_REF is ${ref}. Storage objects, functions and auth settings of ${ref} would be overwritten. Set both to the same project.`,
  );
}

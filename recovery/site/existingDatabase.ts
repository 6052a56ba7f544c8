import type { ExistingDatabaseFacts } from "../../planning/existingDatabase.ts";
import { messageOf, UserError } from "../../services/common/errors.ts";
import type { DatabaseHost } from "../../services/databaseHost/databaseHost.ts";
import type { InspectDatabase } from "../postgres/catalog/databaseContent.ts";
import { refOf } from "../postgres/session/confirmation.ts";
import { parseDatabaseUrl } from "../postgres/session/databaseUrl.ts";

/** What the look at a live database works with. */
export interface ExistingDatabasePorts {
  databaseHost: DatabaseHost;
  inspect: InspectDatabase;
}

/** A live database: its project's reference, and an address with the password. */
export interface LiveDatabase {
  ref: string;
  connectionString: string;
}

/**
 * Looks at a live database and changes nothing. The project must be visible to the token, and its database must accept the
 * address ({@link faultOfAddress} has compared the two). No password is ever reset.
 *
 * @throws UserError that names the setting to correct; Error if the database does not answer
 */
export async function lookAtDatabase(
  { databaseHost, inspect }: ExistingDatabasePorts,
  { ref, connectionString }: LiveDatabase,
  signal: AbortSignal,
): Promise<ExistingDatabaseFacts> {
  const project = await databaseHost.project(ref, signal);
  if (project === undefined)
    throw new UserError(
      `${databaseHost.name} shows no project ${ref}. Correct supabaseRef, or set ${databaseHost.tokenName} to a token that sees the project.`,
    );
  const content = await inspect(connectionString, signal);
  if (content.state === "refused")
    throw new UserError(
      `The database of project ${project.name} (${ref}) refuses the password in databaseUrl. Set the address again with \`pulumi config set --secret databaseUrl\`.`,
    );
  if (content.state === "unreachable")
    throw new Error(
      `The database of project ${project.name} (${ref}) cannot be reached at databaseUrl: ${content.reason}`,
    );
  return {
    projectName: project.name,
    apiUrl: databaseHost.apiUrl(ref),
    anonKey: await databaseHost.publicKey(ref, signal),
  };
}

/**
 * Why an address is not that of a project's database, or cannot hold a session; undefined if it can. Without the password. Source of the
 * hosts, users and ports: https://supabase.com/docs/guides/database/connecting-to-postgres
 */
export function faultOfAddress({ ref, connectionString }: LiveDatabase): string | undefined {
  try {
    const told = refOf(parseDatabaseUrl(connectionString));
    if (told === undefined || told === ref) return undefined;
    return `is an address of project ${told}, but supabaseRef is ${ref}. Correct supabaseRef or databaseUrl.`;
  } catch (error) {
    return messageOf(error);
  }
}

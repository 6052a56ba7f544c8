import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import pg from "pg";

import { managedSchemasSql } from "../../../recovery/verify/throwaway/managedSchemas.ts";
import {
  membershipSql,
  PUBLISHED_ROLES,
  publishedMemberships,
  publishedPlatformSql,
} from "../../../recovery/verify/throwaway/publishedPlatform.ts";
import { majorOf, withClient } from "./client.ts";

const [BEFORE, AFTER, VAULT] = ["./supabase.sql", "./platformRights.sql", "./vault.sql"].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)),
) as [string, string, string];

/** The role of a project's owner. */
const OWNER = "postgres";

/**
 * Turns the database of a fresh server into that of a new Supabase project, with its roles, schemas and privileges (see the scripts). All
 * or nothing. A second run fails, because the roles already exist.
 */
export async function prepareSupabase(superuserUrl: string, options: { postgresPassword: string }): Promise<void> {
  const [before, after, vault] = await Promise.all([BEFORE, AFTER, VAULT].map((path) => readFile(path, "utf8")));
  const platform = [publishedPlatformSql(OWNER), before, managedSchemasSql(OWNER), after, vault].join("\n");
  await withClient(superuserUrl, async (client) => {
    const script = [...rolesSql(await majorOf(client)), platform, passwordStatement(options.postgresPassword)].join(
      "\n",
    );
    await client.query(`begin;\n${script};\ncommit;`);
  });
}

/** Changes the password of the role `postgres`, as `PATCH /v1/projects/{ref}/database/password` does. Open connections stay. */
export async function setPostgresPassword(superuserUrl: string, password: string): Promise<void> {
  await withClient(superuserUrl, (client) => client.query(passwordStatement(password)));
}

/** A connection string to a server on 127.0.0.1. */
export function connectionUrl(user: string, password: string, port: number, database = "postgres"): string {
  return `postgresql://${encodeURIComponent(user)}:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`;
}

/** Statements that create a project's roles, each with its semicolon. */
function rolesSql(serverMajor: number): string[] {
  return [
    ...PUBLISHED_ROLES.map(
      ({ name, attributes, logsIn }) => `create role ${name} ${logsIn ? "login" : "nologin"} ${attributes};`,
    ),
    `create role ${OWNER} login createdb createrole replication bypassrls;`,
    ...publishedMemberships(OWNER, serverMajor).map(
      (membership) => `${membershipSql(membership, membership.member, serverMajor)};`,
    ),
  ];
}

function passwordStatement(password: string): string {
  return `alter role postgres password ${pg.escapeLiteral(password)}`;
}

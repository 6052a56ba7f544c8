import type pg from "pg";

/** Major version of a connection's server. */
export async function majorOf(client: pg.ClientBase): Promise<number> {
  const { rows } = await client.query<{ server_version_num: string }>("show server_version_num");
  return Math.floor(Number(rows[0]?.server_version_num) / 10_000);
}

import pg from "pg";

import { messageOf, UserError } from "../../../services/common/errors.ts";

/** Runs `work` on one connection without time limits (`postgres` has a limit of 2 minutes), and always closes it. */
export async function withConnection<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: 10_000,
    application_name: "castchat-sample",
  });
  // A lost connection also fails the running query, which reports it; without a listener it would end the process.
  client.on("error", () => undefined);
  try {
    await client.connect();
  } catch (error) {
    // `end` would wait for ever on a socket that was never open.
    void client.end().catch(() => undefined);
    throw new UserError(
      `The sample's database can't be reached (${messageOf(error)}). Start it, or correct its connection string.`,
    );
  }
  try {
    await client.query(
      "set statement_timeout = 0; set idle_in_transaction_session_timeout = 0; set client_min_messages = warning",
    );
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Runs `work` in one transaction: all of it or nothing. */
export async function inTransaction<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  return withConnection(url, async (client) => {
    await client.query("begin");
    // An error ends the connection, and the server rolls back its transaction.
    const result = await work(client);
    await client.query("commit");
    return result;
  });
}

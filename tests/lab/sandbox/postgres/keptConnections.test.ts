import { expect, it } from "@jest/globals";

import { keptConnections } from "../../../../lab/sandbox/postgres/keptConnections.ts";
import { startTestDatabase } from "../../../support/postgres.ts";
import { forSuite } from "../../../support/suite.ts";

const database = forSuite(startTestDatabase);

it("keeps a connection from one query to the next, and opens another after the server's end", async () => {
  const query = keptConnections();
  const pid = async () => {
    const [row] = await query<{ pid: number }>(database.superuserUrl, "select pg_backend_pid() as pid", []);
    return row!.pid;
  };
  const first = await pid();
  expect(await pid()).toBe(first);
  await database.crash();
  await database.startAgain();
  expect(await pid()).not.toBe(first);
}, 30_000);

import { withSession } from "../../recovery/postgres/session/database.ts";
import { COLUMNS, copyText, type DataSet } from "./text.ts";

/** Fills schema `bench`, with a primary key and another index on each table. */
export async function fillDatabase(databaseUrl: string, data: DataSet): Promise<void> {
  await withSession(databaseUrl, { applicationName: "bench" }, async (session) => {
    await session.query("drop schema if exists bench cascade; create schema bench");
    for (let table = 0; table < data.tables; table += 1) {
      const name = `bench.t${table}`;
      await session.query(`create table ${name} (${COLUMNS[data.shape]})`);
      for (const text of copyText(data.shape, table, (data.megabytes * 1e6) / data.tables))
        await session.copyIn(`copy ${name} from stdin`, text);
      await session.query(`alter table ${name} add primary key (id); create index on ${name} (created_at)`);
    }
    await session.query("vacuum analyze");
  });
}

import type { InspectDatabase } from "../../recovery/postgres/catalog/databaseContent.ts";

/** Looks into a database. Only some operations need it, so PostgreSQL's client is loaded then. */
export const inspect: InspectDatabase = async (...database) => {
  const { inspectDatabase } = await import("../../recovery/postgres/catalog/databaseContent.ts");
  return await inspectDatabase(...database);
};

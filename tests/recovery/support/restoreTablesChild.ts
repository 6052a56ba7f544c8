import { restoreTables } from "../../../recovery/restore/tables/restoreTables.ts";
import { readOrder } from "./killing.ts";

/** A restore of tables in a process of its own, so that a test can kill it. Prints each of its phases. */
const { order, common } = readOrder();
await restoreTables({ ...common, tables: order.tables, confirm: () => Promise.resolve() });

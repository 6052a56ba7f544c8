import { restore } from "../../../recovery/restore/recipes/restore.ts";
import { readOrder } from "./killing.ts";

/** A restore in a process of its own, so that a test can kill it. Prints each of its phases. */
const { order, common } = readOrder();
await restore({ ...common, backupId: order.backupId, generation: 1 });

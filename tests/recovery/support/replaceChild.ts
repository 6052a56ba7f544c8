import { backup } from "../../../recovery/backup/backup.ts";
import { replace } from "../../../recovery/restore/inPlace/replace.ts";
import { silent } from "../../../services/common/reporter.ts";
import { kmsSigner } from "../../../services/signer/kmsSigner.ts";
import { readOrder } from "./killing.ts";

/** A replacement in a process of its own, so that a test can kill it. Prints each of its phases. */
const { order, common } = readOrder();
await replace({
  ...common,
  backupId: order.backupId,
  confirm: () => Promise.resolve(),
  saveFirst: async () => {
    const { keyId, region, endpoint, targetUrl: databaseUrl } = order;
    const saving = { ...common, databaseUrl, signer: kmsSigner({ keyId, region, endpoint }), reporter: silent };
    return (await backup({ ...saving, acceptsSmaller: true, isSafety: true })).backupId;
  },
});

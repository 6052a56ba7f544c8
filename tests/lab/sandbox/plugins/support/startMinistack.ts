import { startMinistack } from "../../../../../lab/sandbox/aws/ministack.ts";
import { freePort } from "../../../../../services/common/ports.ts";

/** Starts ministack on a free port under a folder, and prints `{pid, port}`. It runs until it is killed. */
const [dataDir = "", accessKeyId = ""] = process.argv.slice(2);
const port = await freePort();
const pid = await startMinistack({ dataDir, port, accessKeyId, log: `${dataDir}/ministack.log` });
process.stdout.write(JSON.stringify({ pid, port }));

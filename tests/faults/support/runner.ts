import { json } from "node:stream/consumers";

import { localSigner, publicKeyOf } from "../../../lab/bench/localSigner.ts";
import { backup } from "../../../recovery/backup/backup.ts";
import { restore } from "../../../recovery/restore/recipes/restore.ts";
import { systemClock } from "../../../services/common/clock.ts";
import { UserError } from "../../../services/common/errors.ts";
import { s3Vault } from "../../../services/vault/s3Vault.ts";
import { type RunnerLine, type RunnerOrder, TIERS } from "./order.ts";

/** Does one backup or restore in a process of its own, as the schedule and the command line do. See runnerProcess.ts. */
const order = (await json(process.stdin)) as RunnerOrder;
const { kind, databaseUrl, privateKey, backupId, timing, linger } = order;
const say = (line: RunnerLine) => void process.stdout.write(`${JSON.stringify(line)}\n`);
const shared = {
  vault: s3Vault(order.store),
  tiers: TIERS,
  clock: systemClock,
  timing,
  reporter: (said: string) => {
    say({ said });
    if (linger !== undefined && said.startsWith(linger.in))
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, linger.ms);
  },
};

try {
  const result =
    kind === "backup"
      ? await backup({ ...shared, databaseUrl, signer: localSigner(privateKey) })
      : await restore({
          ...shared,
          targetUrl: databaseUrl,
          trustedKeys: [publicKeyOf(privateKey)],
          backupId,
          generation: 1,
        });
  say({ result: { backupId: result.backupId } });
} catch (error) {
  say({ failure: { name: (error as Error).name, message: (error as Error).message } });
  process.exitCode = error instanceof UserError ? 2 : 1;
}

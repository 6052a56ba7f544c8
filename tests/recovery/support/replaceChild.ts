import { TIERS } from "../../../planning/tiers.ts";
import { backup } from "../../../recovery/backup/backup.ts";
import { replace } from "../../../recovery/restore/inPlace/replace.ts";
import { systemClock } from "../../../services/common/clock.ts";
import { silent } from "../../../services/common/reporter.ts";
import { kmsSigner } from "../../../services/signer/kmsSigner.ts";
import { s3Vault } from "../../../services/vault/s3Vault.ts";
import { brisk } from "../../support/timing.ts";
import { type KillAt, sayUntilKilled } from "./killing.ts";

/** A replacement in a process of its own, so that a test can kill it. Says each of its phases on standard output. */
const { bucket, region, endpoint, trustedKeys, targetUrl, backupId, keyId, killAt } = JSON.parse(
  process.argv[2] ?? "",
) as Record<"bucket" | "region" | "endpoint" | "targetUrl" | "backupId" | "keyId", string> & {
  trustedKeys: string[];
  killAt?: KillAt;
};
const vault = s3Vault({ bucket, region, endpoint });
await replace({
  vault,
  trustedKeys,
  tiers: TIERS,
  targetUrl,
  backupId,
  confirm: () => Promise.resolve(),
  saveFirst: async () => {
    const signer = kmsSigner({ keyId, region, endpoint });
    const common = { vault, signer, tiers: TIERS, clock: systemClock, reporter: silent };
    return (await backup({ ...common, databaseUrl: targetUrl, acceptsSmaller: true, isSafety: true })).backupId;
  },
  clock: systemClock,
  reporter: sayUntilKilled(killAt),
  timing: brisk,
});

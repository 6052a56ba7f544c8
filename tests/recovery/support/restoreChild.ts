import { TIERS } from "../../../planning/tiers.ts";
import { restore } from "../../../recovery/restore/recipes/restore.ts";
import { systemClock } from "../../../services/common/clock.ts";
import { s3Vault } from "../../../services/vault/s3Vault.ts";
import { brisk } from "../../support/timing.ts";
import { type KillAt, sayUntilKilled } from "./killing.ts";

/** A restore in a process of its own, so that a test can kill it. Says each of its phases on standard output. */
const { bucket, region, endpoint, trustedKeys, targetUrl, backupId, killAt } = JSON.parse(
  process.argv[2] ?? "",
) as Record<"bucket" | "region" | "endpoint" | "targetUrl", string> & {
  trustedKeys: string[];
  backupId?: string;
  killAt?: KillAt;
};
await restore({
  vault: s3Vault({ bucket, region, endpoint }),
  trustedKeys,
  tiers: TIERS,
  targetUrl,
  backupId,
  generation: 1,
  clock: systemClock,
  reporter: sayUntilKilled(killAt),
  timing: brisk,
});

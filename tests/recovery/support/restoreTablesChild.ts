import { TIERS } from "../../../planning/tiers.ts";
import { restoreTables } from "../../../recovery/restore/tables/restoreTables.ts";
import { systemClock } from "../../../services/common/clock.ts";
import { s3Vault } from "../../../services/vault/s3Vault.ts";
import { brisk } from "../../support/timing.ts";
import { type KillAt, sayUntilKilled } from "./killing.ts";

/** A restore of tables in a process of its own, so that a test can kill it. Says each of its phases on standard output. */
const { bucket, region, endpoint, trustedKeys, targetUrl, tables, killAt } = JSON.parse(
  process.argv[2] ?? "",
) as Record<"bucket" | "region" | "endpoint" | "targetUrl", string> & {
  trustedKeys: string[];
  tables: string[];
  killAt?: KillAt;
};
await restoreTables({
  vault: s3Vault({ bucket, region, endpoint }),
  trustedKeys,
  tiers: TIERS,
  targetUrl,
  tables,
  confirm: () => Promise.resolve(),
  clock: systemClock,
  reporter: sayUntilKilled(killAt),
  timing: brisk,
});

import { Command } from "commander";

import { readPlatformBackups } from "../../recovery/restore/platform/platformBackups.ts";
import { listBackups } from "../../recovery/vault/listBackups.ts";
import { readVerifications } from "../../recovery/vault/verification.ts";
import { systemClock } from "../../services/common/clock.ts";
import { realTiming } from "../../services/common/timing.ts";
import { portsOf, vaultOf } from "../stack/services.ts";
import { readStack, trustedKeysOf } from "../stack/stackContext.ts";
import { example } from "../terminal/help.ts";
import { abortOnInterrupt } from "../terminal/interruption.ts";
import { jsonOption, stackOption } from "../terminal/options.ts";
import { printResult } from "../terminal/progress.ts";
import { plainTable } from "../terminal/table.ts";
import { backupState, verifiedFacts } from "../text/backupState.ts";
import { showPlatform } from "../text/platformTable.ts";

/** How the first backup gets into a vault. */
const NEXT = {
  primary: "`castchat-recovery backup` takes one now.",
  standby: "The primary's come within minutes of `castchat-recovery backup -s prod`, by S3's replication.",
} as const;

/** `castchat-recovery list`: the backups of the stack's vault, newest first, with each one's problems; then Supabase's own backups. */
export function listCommand(): Command {
  return new Command("list")
    .description("list the backups in the stack's vault, newest first, and Supabase's own")
    .addOption(stackOption())
    .addOption(
      jsonOption(
        'an array; backupId, kind, purpose, tier, snapshotAt, sizeBytes, proven, problems, lacks and more of each; Supabase\'s own have source "supabase"',
      ),
    )
    .addHelpText("after", example("list -s dr"))
    .action(async (options: { stack: string; json?: boolean }) => {
      const signal = abortOnInterrupt();
      const context = await readStack(options.stack, signal);
      const [vault, trustedKeys] = [vaultOf(context), trustedKeysOf(context)];
      const backups = await listBackups({ vault, trustedKeys, tiers: context.settings.tiers, signal });
      const facts = await Promise.all(
        backups.map(async ({ manifest, verifications, ...summary }) => {
          const verified =
            verifications &&
            (await readVerifications(vault, { backupId: summary.backupId, ...verifications }, trustedKeys, signal));
          const { kind, purpose, leftOut = [] } = manifest ?? {};
          // Also of the verifications.
          const walkedPast = vault.passedOver.clauses(summary.backupId);
          return {
            ...summary,
            ...(walkedPast.length > 0 && { walkedPast }),
            kind,
            ...(purpose && { purpose }),
            lacks: leftOut.filter(({ failed }) => failed === true).length,
            snapshotAt: manifest?.snapshotAt,
            ...verifiedFacts(verified),
          };
        }),
      );
      const table = plainTable(["backup", "kind", "tier", "snapshot (UTC)", "MB", "state"]);
      for (const one of facts) {
        const kind = one.purpose === undefined ? (one.kind ?? "–") : `${one.kind ?? ""}, before a replacement`;
        const size = (one.sizeBytes / 1e6).toFixed(1);
        table.push([one.backupId, kind, one.tier, one.snapshotAt ?? "–", size, backupState(one)]);
      }
      const ref = context.outputs.supabaseRef;
      const platform =
        ref === undefined
          ? { facts: [], lines: [] }
          : await showPlatform(ref, () => {
              const databaseHost = portsOf(context.settings).databaseHost(realTiming.platformListMs);
              return readPlatformBackups(databaseHost, ref, systemClock, signal);
            });
      printResult([...facts, ...platform.facts], options.json === true, [
        facts.length === 0 ? `This vault has no backups. ${NEXT[context.settings.role]}` : table.toString(),
        ...facts.flatMap(({ walkedPast = [] }) => walkedPast.map((clause) => `In the vault ${clause}.`)),
        ...platform.lines,
      ]);
    });
}

import { Command } from "commander";

import { readPlatformBackups } from "../../recovery/restore/platform/platformBackups.ts";
import { ageFault } from "../../recovery/vault/backupAge.ts";
import { isAhead, newestProven } from "../../recovery/vault/chooseBackup.ts";
import { type BackupSummary, listBackups } from "../../recovery/vault/listBackups.ts";
import { readVerifications } from "../../recovery/vault/verification.ts";
import { systemClock } from "../../services/common/clock.ts";
import { PromiseError } from "../../services/common/errors.ts";
import { realTiming } from "../../services/common/timing.ts";
import type { Vault } from "../../services/vault/vault.ts";
import { portsOf, vaultOf } from "../stack/services.ts";
import { readStack, type StackContext, trustedKeysOf } from "../stack/stackContext.ts";
import { example } from "../terminal/help.ts";
import { abortOnInterrupt } from "../terminal/interruption.ts";
import { jsonOption, maxAgeOption, stackOption } from "../terminal/options.ts";
import { printResult } from "../terminal/progress.ts";
import { allOption, shortList } from "../terminal/shortList.ts";
import { backupTable, type ListedBackup } from "../text/backupList.ts";
import { verifiedFacts } from "../text/backupState.ts";
import { showPlatform } from "../text/platformTable.ts";

/** How the first backup gets into a vault. */
const NEXT = {
  primary: "`castchat-recovery backup` takes one now.",
  standby: "The primary's come within minutes of `castchat-recovery backup -s prod`, by S3's replication.",
} as const;

interface ListCommandOptions {
  stack: string;
  maxAge?: number;
  all?: boolean;
  json?: boolean;
}

/** `castchat-recovery list`: the backups of the stack's vault, newest first, with each one's problems; then Supabase's own backups. */
export function listCommand(): Command {
  return new Command("list")
    .addOption(stackOption())
    .addOption(maxAgeOption("end with 1 if no proven full backup is this young"))
    .addOption(allOption())
    .addOption(
      jsonOption(
        'an array; backupId, kind, purpose, tier, snapshotAt, sizeBytes, proven, problems, lacks, datedAhead and more of each; Supabase\'s own have source "supabase"',
      ),
    )
    .addHelpText("after", example("list -s dr --max-age 25h"))
    .action(list);
}

async function list({ stack, maxAge, all = false, json = false }: ListCommandOptions): Promise<void> {
  const signal = abortOnInterrupt();
  const context = await readStack(stack, signal);
  const [vault, trustedKeys] = [vaultOf(context), trustedKeysOf(context)];
  const backups = await listBackups({ vault, trustedKeys, tiers: context.settings.tiers, signal });
  const { shown, rest } = shortList(backups, {
    all: all || json,
    what: "older backups of this vault are",
    important: newestProven(backups),
  });
  const facts = await Promise.all(shown.map((one) => factsOf(vault, one, trustedKeys, signal)));
  const platform = await platformOf(context, all, signal);
  printResult([...facts, ...platform.facts], json, [
    facts.length === 0 ? `This vault has no backups. ${NEXT[context.settings.role]}` : backupTable(facts),
    ...rest,
    // Of those that are not shown, too: only an attack or a mistake does such a thing.
    ...backups.flatMap(({ backupId }) => vault.passedOver.clauses(backupId).map((clause) => `In the vault ${clause}.`)),
    ...platform.lines,
  ]);
  const fault = maxAge === undefined ? undefined : ageFault(backups, { maxAgeMs: maxAge, now: systemClock(), stack });
  if (fault !== undefined) throw new PromiseError(fault);
}

async function factsOf(
  vault: Vault,
  { manifest, verifications, ...summary }: BackupSummary,
  trustedKeys: readonly string[],
  signal: AbortSignal,
): Promise<ListedBackup> {
  const verified =
    verifications &&
    (await readVerifications(vault, { backupId: summary.backupId, ...verifications }, trustedKeys, signal));
  const { kind, purpose, leftOut = [] } = manifest ?? {};
  // Also of the verifications.
  const walkedPast = vault.passedOver.clauses(summary.backupId);
  return {
    ...summary,
    ...(walkedPast.length > 0 && { walkedPast }),
    ...(isAhead({ ...summary, manifest }, {}) && { datedAhead: true }),
    kind,
    ...(purpose && { purpose }),
    lacks: leftOut.filter(({ failed }) => failed === true).length,
    snapshotAt: manifest?.snapshotAt,
    ...verifiedFacts(verified),
  };
}

async function platformOf({ settings, outputs }: StackContext, all: boolean, signal: AbortSignal) {
  const ref = outputs.supabaseRef;
  if (ref === undefined) return { facts: [], lines: [] };
  const read = () =>
    readPlatformBackups(portsOf(settings).databaseHost(realTiming.platformListMs), ref, systemClock, signal);
  return await showPlatform(ref, read, all);
}

import { Command } from "commander";
import { openerOf } from "../../clients/age.ts";
import { verify } from "../../operations/verify.ts";
import { abortOnInterrupt } from "../interruption.ts";
import { jsonOption, stackOption } from "../options.ts";
import { printResult, withProgress } from "../progress.ts";
import { vaultOf } from "../services.ts";
import { readStack, trustedKeysOf } from "../stackContext.ts";

/** `castchat-recovery verify`: reads a whole backup and holds it against its manifest. */
export function verifyCommand(): Command {
  return new Command("verify")
    .description("read a whole backup: signature, sizes, SHA-256, decompression, the fingerprint of every row")
    .argument("[backup]", "a backup's id; the newest proven one without it")
    .addOption(stackOption())
    .addOption(jsonOption())
    .action(async (backupId: string | undefined, options: { stack: string; json?: boolean }) => {
      const signal = abortOnInterrupt();
      const context = await readStack(options.stack, signal);
      const result = await withProgress("Verifying", async (reporter) =>
        verify({
          vault: vaultOf(context),
          trustedKeys: trustedKeysOf(context),
          opener: await openerOf(process.env),
          tiers: context.settings.tiers,
          backupId,
          reporter,
          signal,
        }),
      );
      printResult(result, options.json === true, [
        result.isDecrypted
          ? `${result.backupId} is whole: ${result.tables} tables, ${result.rows} rows.`
          : `${result.backupId} has the sizes and hashes of its manifest. It is encrypted, and no identity was at hand: its rows were not read.`,
      ]);
    });
}

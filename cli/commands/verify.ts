import { Command, InvalidArgumentError } from "commander";

import { parseDatabaseUrl, placeOf } from "../../recovery/postgres/session/databaseUrl.ts";
import type { Share } from "../../recovery/vault/verification.ts";
import { FailedVerification, verify, type VerifyResult } from "../../recovery/verify/verify.ts";
import { systemClock } from "../../services/common/clock.ts";
import { readMadeBy } from "../html/madeBy.ts";
import { backupsOf, throwawaysOf, writerOf } from "../stack/services.ts";
import { readStack } from "../stack/stackContext.ts";
import { example } from "../terminal/help.ts";
import { abortOnInterrupt } from "../terminal/interruption.ts";
import { jsonOption, stackOption } from "../terminal/options.ts";
import { printResult, withProgress } from "../terminal/progress.ts";
import { verificationLines } from "../text/verificationTable.ts";

interface Options {
  stack: string;
  restore?: boolean;
  sample?: Share;
  store: boolean;
  json?: boolean;
}

/** `castchat-recovery verify`: reads a backup, restores it for a test if asked to, and stores the result beside it. */
export function verifyCommand(): Command {
  return new Command("verify")
    .argument("[backup]", "a backup's id; the newest proven one without it")
    .addOption(stackOption())
    .option("--restore", "also restore it into a throwaway Postgres, and run the test checklist there")
    .option("--sample <n/t>", "read the n-th of t shares; t runs for the same backup read all of it once", parseShare)
    .option("--no-store", "do not store the signed result beside the backup (for readers, who may not write)")
    .addOption(
      jsonOption(
        "backupId, tier, snapshotAt, ok, level, faults, restore, parts, tables, rows, leftOut, isDecrypted, storedAs, passedOver, durationMs, madeBy",
      ),
    )
    .addHelpText(
      "after",
      `
The throwaway Postgres of --restore has the major version of the backup's server. VERIFY_DATABASE_URL is the address of a scratch
server, as a superuser. Without it, a local server is started from PG_BIN or PATH, with its data in TMPDIR. It is always removed.
An encrypted backup is decrypted with the identity in CASTCHAT_AGE_IDENTITY or CASTCHAT_AGE_IDENTITY_FILE.
Storing the result needs the vault's writer, whose role is assumed; a reader adds --no-store.`,
    )
    .addHelpText("after", example("verify --restore -s dr"))
    .action(async (backupId: string | undefined, options: Options) => {
      const signal = abortOnInterrupt();
      const context = await readStack(options.stack, signal);
      const { databaseUrl } = context.outputs;
      const forbidden = databaseUrl === undefined ? [] : [placeOf(parseDatabaseUrl(databaseUrl))];
      const writer = options.store ? writerOf(context, signal, ", or add --no-store") : undefined;
      const show = (result: VerifyResult) => printResult(result, options.json === true, verificationLines(result));
      try {
        const result = await withProgress("Verifying", async (reporter) =>
          verify({
            ...(await backupsOf(context)),
            ...(writer && { vault: writer.vault, store: { signer: writer.signer, clock: systemClock } }),
            backupId,
            share: options.sample,
            madeBy: await readMadeBy(),
            reporter,
            signal,
            ...(options.restore === true && {
              restore: { throwaways: throwawaysOf(process.env), forbidden, clock: systemClock },
            }),
          }),
        );
        show(result);
      } catch (error) {
        if (error instanceof FailedVerification) show(error.result);
        throw error;
      }
    });
}

function parseShare(text: string): Share {
  const [, number, of] = /^(\d{1,4})\/(\d{1,4})$/.exec(text) ?? [];
  const share = { number: Number(number), of: Number(of) };
  if (share.number >= 1 && share.number <= share.of) return share;
  throw new InvalidArgumentError("It must be n/t with n from 1 to t, such as 3/30.");
}

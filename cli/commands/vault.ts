import { Command } from "commander";

import { vaultRoleTag } from "../../planning/names.ts";
import { pulumiClient } from "../../recovery/pulumi/pulumi.ts";
import { retireVault } from "../../recovery/vault/retire.ts";
import { UserError } from "../../services/common/errors.ts";
import { portsOf, vaultRoleOf } from "../stack/services.ts";
import { readStack, type StackContext } from "../stack/stackContext.ts";
import { askFor, confirmWith } from "../terminal/confirm.ts";
import { example } from "../terminal/help.ts";
import { abortOnInterrupt } from "../terminal/interruption.ts";
import { confirmOption, jsonOption, stackOption } from "../terminal/options.ts";
import { printResult, reportLine } from "../terminal/progress.ts";

interface Options {
  stack: string;
  confirm?: string;
  mfaSerial?: string;
  json?: boolean;
}

/** The variable with the MFA code, for scripts. */
const MFA_CODE = "CASTCHAT_MFA_CODE";

/** `castchat-recovery vault retire`: the only way to give up a vault. */
export function vaultCommand(): Command {
  const command = new Command("vault");
  command
    .command("retire")
    .description(
      "give up an empty vault: delete its bucket, schedule its key for deletion, and remove both from the stack's state",
    )
    .addOption(stackOption())
    .addOption(confirmOption("the name of the vault's bucket"))
    .option(
      "--mfa-serial <arn>",
      "assume break-glass with this MFA device; its code is asked for, or read from CASTCHAT_MFA_CODE",
    )
    .addOption(jsonOption("bucket, auditBucket"))
    .addHelpText(
      "after",
      "\nRefuses if the bucket is not empty (exit code 1). Needs a deployer's credentials; only break-glass can delete the key." +
        "\nAfter an interruption, run the same command again. Afterwards `pulumi destroy` removes the rest of the stack, and `pulumi up` creates a new vault.",
    )
    .addHelpText("after", example("vault retire -s dr"))
    .action(async (options: Options) => {
      const signal = abortOnInterrupt();
      const context = await readStack(options.stack, signal);
      const { settings, outputs } = context;
      const ports = portsOf(settings);
      const pulumi = pulumiClient({ stack: options.stack, workspace: process.cwd(), signal });
      const { auditBucket } = await retireVault({
        stack: options.stack,
        bucket: ports.vaultBucket(outputs.vaultBucket),
        key: ports.vaultKey({ arn: keyOf(context), ...breakGlassOf(context, options) }),
        auditBucket: outputs.auditBucket,
        forget: (what) => pulumi.forget(what),
        confirm: confirmWith(options.confirm),
        reporter: reportLine,
        signal,
      });
      printResult({ bucket: outputs.vaultBucket, auditBucket }, options.json === true, [
        `The vault of stack ${options.stack} is retired. \`pulumi destroy -s ${options.stack}\` removes the rest; \`pulumi up\` would create a new vault.`,
        ...(auditBucket === undefined
          ? []
          : [`The audit logs stay in ${auditBucket}, outside the stack, until they expire.`]),
      ]);
    });
  return command;
}

function keyOf({ outputs }: StackContext): string {
  if (outputs.vaultKeyArn !== undefined) return outputs.vaultKeyArn;
  throw new UserError("The stack has no output vaultKeyArn. Deploy it first with `pulumi up`.");
}

/** Break-glass if its MFA device is named; otherwise the environment's own credentials, which may delete a disposable vault's key. */
function breakGlassOf({ settings }: StackContext, { mfaSerial: serialNumber }: Options) {
  const tag = vaultRoleTag(settings.project, "break-glass");
  const hint = `run the same command with --mfa-serial, as a person with the tag ${tag} = true. Or let that person schedule the key's deletion (docs/runbook.md), and run the same command again.`;
  if (serialNumber === undefined) return { hint };
  const breakGlass = async () => {
    const code = process.env[MFA_CODE] ?? (await askFor(`Code of ${serialNumber}: `, MFA_CODE));
    return await vaultRoleOf(settings, "break-glass", { mfa: { serialNumber, code } })();
  };
  return { hint, breakGlass };
}

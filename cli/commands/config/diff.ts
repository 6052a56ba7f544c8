import { Command } from "commander";

import { compareConfigurations } from "../../../recovery/configuration/compareConfigurations.ts";
import { amount } from "../../../services/common/amount.ts";
import { PromiseError } from "../../../services/common/errors.ts";
import { configurationOf } from "../../stack/configurationOf.ts";
import { portsOf } from "../../stack/services.ts";
import { readStack, type StackContext } from "../../stack/stackContext.ts";
import { partOfApp, storedConfigurationOf } from "../../stack/storedConfiguration.ts";
import { example } from "../../terminal/help.ts";
import { abortOnInterrupt } from "../../terminal/interruption.ts";
import { backupOption, jsonOption, stackOption } from "../../terminal/options.ts";
import { printResult, withProgress } from "../../terminal/progress.ts";
import { comparedLines } from "../../text/configurationText.ts";

/** `castchat-recovery config diff`: compares a backup with what the services show now. */
export function diffCommand(): Command {
  return new Command("diff")
    .description("compare a backup's configuration with now, by part and field; secret values by fingerprint only")
    .addOption(stackOption())
    .addOption(backupOption("a backup's id; the newest proven one with a configuration without it"))
    .addOption(
      jsonOption(
        "backupId, differences (part, item, field, change, was, now), compared, notCompared (part, reason), unknown",
      ),
    )
    .addHelpText("after", example("config diff -s prod"))
    .action(async (options: { stack: string; backup?: string; json?: boolean }) => {
      const signal = abortOnInterrupt();
      const context = await readStack(options.stack, signal);
      const { configuration, values, backupId } = await storedConfigurationOf(context, options.backup, signal);
      const { variableValues, ...now } = await withProgress("Reading the configuration", () =>
        configurationOf(context, signal, values !== undefined),
      );
      const compared = compareConfigurations({
        stored: { configuration, values },
        now: { configuration: now, values: variableValues },
        renamed: new Map(
          context.settings.apps.map((app) => [partOfApp(configuration as object, app), `application ${app.project}`]),
        ),
        foreign: isOfStack(configuration, options.stack) ? [] : ["stackState", "auth"],
        isStatus: statusOf(context),
      });
      printResult({ backupId, ...compared }, options.json === true, comparedLines(compared));
      const failed = compared.notCompared.filter(({ part }) => now.missing.some((one) => one.part === part));
      const { differences } = compared;
      if (differences.length === 0 && failed.length === 0) return;
      const found = [
        ...(differences.length > 0
          ? [`differs in ${amount(differences.length, "place")} from backup ${backupId}`]
          : []),
        ...(failed.length > 0 ? [`could not be read in ${failed.map(({ part }) => part).join(", ")}`] : []),
      ];
      throw new PromiseError(`The configuration ${found.join(", and ")}.`);
    });
}

/** Whether a configuration was stored with the state of this stack. One without a state was. */
function isOfStack(configuration: unknown, stack: string): boolean {
  const text = JSON.stringify((configuration as { stackState?: unknown }).stackState ?? {});
  const [, named] = /"urn:pulumi:([^:"]+)::/.exec(text) ?? [];
  return named === undefined || named === stack;
}

/** Which fields only a host writes. A host without its token has no part that could be compared. */
function statusOf({ settings }: StackContext): (part: string, field: string) => boolean {
  const fields = new Map<string, ReadonlySet<string>>();
  const ports = portsOf(settings);
  const of = (kind: string) => {
    const known = fields.get(kind);
    if (known !== undefined) return known;
    const found = kind === "application" ? ports.appHost().statusFields : (ports.codeHost().statusFields ?? new Set());
    fields.set(kind, found);
    return found;
  };
  return (part, field) => {
    const [kind = ""] = part.split(" ");
    return ["application", "repository"].includes(kind) && of(kind).has(field.split(".")[0] ?? "");
  };
}

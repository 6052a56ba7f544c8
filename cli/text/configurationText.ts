import type { ComparedConfiguration, Difference } from "../../recovery/configuration/compareConfigurations.ts";
import type { RestorePlan } from "../../recovery/configuration/restore/restorePlan.ts";
import { amount } from "../../services/common/amount.ts";
import { visible } from "../../services/common/visibleText.ts";
import { plainTable } from "../terminal/table.ts";

/** Characters that are shown of a value. JSON has all of it. */
const SHOWN = 60;

/** A comparison of the configuration as lines for people. All texts in it are a service's, so control characters are escaped. */
export function comparedLines({ differences, compared, notCompared, unknown }: ComparedConfiguration): string[] {
  const table = plainTable(["part", "what", "field", "change", "backup", "now"]);
  for (const { part, item, field, change, was, now } of differences)
    table.push([part, item, field, WORDS[change], valueText(was), valueText(now)].map(visible));
  return [
    ...(differences.length > 0 ? [table.toString()] : []),
    ...notCompared.map(({ part, reason }) => visible(`Not compared: ${part}: ${reason.replace(/\.$/, "")}.`)),
    ...(unknown.length > 0 ? [`No backup holds ${amount(unknown.length, "secret")}, so nothing is said of them.`] : []),
    visible(`Compared: ${compared.join(", ") || "nothing"}.`),
  ];
}

/** A plan to put a part back: each write with its fields, then what stays and why. */
export function planLines({ part, writes, notes }: RestorePlan): string[] {
  const table = plainTable(["", "what", "field", "now", "from the backup"]);
  for (const { action, item, fields } of writes)
    if (action === "delete") table.push([action, visible(item), "", "", ""]);
    else
      for (const [index, { field, was, now }] of fields.entries())
        table.push(
          [index === 0 ? action : "", index === 0 ? item : "", field, valueText(was), valueText(now)].map(visible),
        );
  const counts = (["create", "update", "delete"] as const).map(
    (action) => `${writes.filter((one) => one.action === action).length} to ${action}`,
  );
  return [
    ...(writes.length > 0 ? table.toString().split("\n") : []),
    ...notes.map(visible),
    `${visible(part)}: ${writes.length === 0 ? "nothing to put back" : counts.join(", ")}.`,
  ];
}

const WORDS: Readonly<Record<Difference["change"], string>> = {
  added: "added since the backup",
  removed: "removed since the backup",
  changed: "changed",
};

/** A value of a configuration on one line. */
function valueText(value: unknown): string {
  if (value === undefined) return "";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > SHOWN ? `${text.slice(0, SHOWN)} …` : text;
}

import type { ComparedConfiguration, Difference } from "../../recovery/configuration/compareConfigurations.ts";
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

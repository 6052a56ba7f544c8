import type { SealedVariable } from "../../recovery/vault/environmentPart.ts";
import { plainTable } from "../terminal/table.ts";

/** What a recovery and a drill do with each variable, by name, without a value. */
export function sealedLines(variables: readonly SealedVariable[]): string[] {
  const table = plainTable(["variable", "targets", "in a recovery", "in a drill"]);
  for (const { key, targets, from, drill } of variables)
    table.push([key, targets.join(", "), from === undefined ? "sealed value" : `from ${from}`, inADrill(drill, from)]);
  return [table.toString()];
}

function inADrill(drill: SealedVariable["drill"], from: string | undefined): string {
  if (drill.is === "unset") return "unset";
  if (drill.is === "value") return "drill value";
  return from === undefined ? "sealed value" : `from ${from}`;
}

import { createHmac } from "node:crypto";

import type { Environment, SealedVariable, Target } from "../vault/environmentPart.ts";
import { filled, type Source } from "./sources.ts";

/** What an environment is set for: a recovery, or a drill, which gets no production value that is not marked as the same. */
export type RecoveryMode = "active" | "drill";

/** A variable as it is to be in the recovered project. */
export interface WantedVariable {
  key: string;
  targets: Target[];
  /** Secret. */
  value: string;
}

/** A name and targets that belong to another resource. */
export interface ForeignVariable {
  key: string;
  targets: readonly Target[];
}

/**
 * The variables to set. In a drill only those for production, since nothing else is deployed.
 *
 * @param valueOf an address or a key of the recovered project
 * @param except what other resources set
 */
export async function wantedVariables(
  { variables }: Pick<Environment, "variables">,
  mode: RecoveryMode,
  valueOf: (source: Source) => Promise<string> | string,
  except: readonly ForeignVariable[] = [],
): Promise<WantedVariable[]> {
  const wanted: WantedVariable[] = [];
  for (const variable of variables) {
    const value = await valueIn(variable, mode, valueOf);
    const targets = variable.targets.filter(
      (target) =>
        (mode === "active" || target === "production") &&
        !except.some(({ key, targets: theirs }) => key === variable.key && theirs.includes(target)),
    );
    // The host takes no secret value for development, so that target is a variable of its own.
    const groups = [targets.filter((one) => one !== "development"), targets.filter((one) => one === "development")];
    if (value !== undefined)
      for (const group of groups) if (group.length > 0) wanted.push({ key: variable.key, targets: group, value });
  }
  return wanted;
}

async function valueIn(
  { value, from, drill }: SealedVariable,
  mode: RecoveryMode,
  valueOf: (source: Source) => Promise<string> | string,
): Promise<string | undefined> {
  if (mode === "drill" && drill.is === "unset") return undefined;
  if (mode === "drill" && drill.is === "value") return drill.value;
  return from === undefined ? value : await filled(from, valueOf);
}

/** Names of the variables that a drill does not get, sorted. */
export function unsetInDrill({ variables }: Pick<Environment, "variables">): string[] {
  return [...new Set(variables.filter(({ drill }) => drill.is === "unset").map(({ key }) => key))].sort();
}

/**
 * A digest of variables. It differs for two sets, and no value can be guessed from it: it is keyed with a random key that only the sealed object
 * holds.
 */
export function digestOf({ digestKey }: Pick<Environment, "digestKey">, wanted: readonly WantedVariable[]): string {
  const rows = wanted.map(({ key, targets, value }) => JSON.stringify([key, [...targets].sort(), value])).sort();
  return createHmac("sha256", Buffer.from(digestKey, "base64")).update(rows.join("\n")).digest("hex");
}

import { createHash } from "node:crypto";

import type { Environment, Target } from "../vault/environmentPart.ts";
import type { LiveVariable, LiveVariables } from "./liveVariables.ts";

/** How a variable differs between the sealed ones and the live project. */
export type VariableDifference = "not sealed" | "not in the project" | "other value";

/** The comparison by name and target. No value is in it. */
export interface VariablesComparison {
  differences: { key: string; target: Target; difference: VariableDifference }[];
  /** Names whose values cannot be compared, since the host shows none of them. */
  unreadable: string[];
  /** Names that a recovery makes from its own database, so that their live values do not matter. */
  mapped: string[];
  equal: string[];
}

/**
 * Compares sealed variables with the live project's: names and targets of all of them, and the SHA-256 of those values that the host shows.
 *
 * @param valueOf reads a readable value of the live project
 */
export async function compareVariables(
  { variables: sealed }: Pick<Environment, "variables">,
  { variables: live }: LiveVariables,
  valueOf: (variable: LiveVariable) => Promise<string>,
): Promise<VariablesComparison> {
  const differences: VariablesComparison["differences"] = [];
  const [unreadable, mapped, equal] = [new Set<string>(), new Set<string>(), new Set<string>()];
  for (const one of live) {
    const inVault = one.targets.map((target) => ({ target, there: find(sealed, one.key, target) }));
    for (const { target } of inVault.filter(({ there }) => there === undefined))
      differences.push({ key: one.key, target, difference: "not sealed" });
    const compared = inVault.filter(({ there }) => there?.value !== undefined);
    if (inVault.some(({ there }) => there?.from !== undefined)) mapped.add(one.key);
    if (compared.length > 0 && !one.isReadable) unreadable.add(one.key);
    if (compared.length === 0 || !one.isReadable) continue;
    const hash = sha256(await valueOf(one));
    for (const { target, there } of compared)
      if (sha256(there?.value ?? "") !== hash) differences.push({ key: one.key, target, difference: "other value" });
      else equal.add(one.key);
  }
  for (const { key, targets } of sealed)
    for (const target of targets)
      if (find(live, key, target) === undefined) differences.push({ key, target, difference: "not in the project" });
  return {
    differences: differences.sort((a, b) => (a.key < b.key ? -1 : 1)),
    unreadable: [...unreadable].sort(),
    mapped: [...mapped].sort(),
    equal: [...equal].sort(),
  };
}

function find<V extends { key: string; targets: readonly Target[] }>(
  among: readonly V[],
  key: string,
  target: Target,
): V | undefined {
  return among.find((one) => one.key === key && one.targets.includes(target));
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

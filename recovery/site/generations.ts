import { recoveredDatabaseName } from "../../planning/names.ts";
import type { DatabaseProject } from "../../services/databaseHost/databaseHost.ts";
import type { Lease } from "./trafficLease.ts";

/** The generations of the recovered database that a stack declares, the present one among them. */
export interface DeclaredGenerations {
  /** The one whose resources bear the names without a number: the first that this stack has recovered. */
  first: number;
  /** All of them, ascending. */
  declared: number[];
}

/**
 * What is declared when nothing was noted yet: the present generation, and where the stack holds the public name already with a lower one,
 * that one too. Its resources are in the state then, under the names without a number.
 */
export function seedOf(lease: Lease | undefined, { stack, generation }: Lease): DeclaredGenerations {
  const first = lease?.stack === stack && lease.generation < generation ? lease.generation : generation;
  return declaredWith({ first, declared: [first] }, generation);
}

/** The same with one more. None is ever left out: the state may hold its resources. */
export function declaredWith({ first, declared }: DeclaredGenerations, generation: number): DeclaredGenerations {
  return { first, declared: [...new Set([...declared, generation])].sort((a, b) => a - b) };
}

/** Whether the database host has no project of a generation (any more). */
export function isGone(projects: readonly DatabaseProject[], organization: string, generation: number): boolean {
  const name = recoveredDatabaseName("active", generation);
  return !projects.some((one) => one.name === name && one.organization === organization);
}

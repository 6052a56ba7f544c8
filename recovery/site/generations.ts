import { recoveredDatabaseName } from "../../planning/names.ts";
import type { DatabaseProject } from "../../services/databaseHost/databaseHost.ts";
import type { Lease } from "./trafficLease.ts";

/** The generations of the recovered database that a stack declares, including the present one. */
export interface DeclaredGenerations {
  /** The first that this stack has recovered, whose resources have the names without a number. */
  first: number;
  /** All of them, ascending. */
  declared: number[];
}

/**
 * What is declared if nothing was noted yet: the present generation, and a lower one with which the stack already holds the public name.
 * That one's resources are in the state under the names without a number.
 */
export function seedOf(lease: Lease | undefined, { stack, generation }: Lease): DeclaredGenerations {
  const first = lease?.stack === stack && lease.generation < generation ? lease.generation : generation;
  return declaredWith({ first, declared: [first] }, generation);
}

/** The same with one more. No generation is ever left out, since the state may hold its resources. */
export function declaredWith({ first, declared }: DeclaredGenerations, generation: number): DeclaredGenerations {
  return { first, declared: [...new Set([...declared, generation])].sort((a, b) => a - b) };
}

/** Whether the database host has no project of a generation. */
export function isGone(projects: readonly DatabaseProject[], organization: string, generation: number): boolean {
  const name = recoveredDatabaseName("active", generation);
  return !projects.some((one) => one.name === name && one.organization === organization);
}

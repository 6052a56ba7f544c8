import { createHash, randomBytes } from "node:crypto";

import { z } from "zod";

/**
 * Which variables a backup of kind environment holds, for a run that cannot decrypt it: a hash of each name and target. It is salted, so that no list of
 * hashes fits all backups; a reader of the vault can still confirm a name that it guesses.
 */
export const sealedNamesSchema = z.object({ salt: z.string().min(16), hashes: z.array(z.string()) });
export type SealedNames = z.infer<typeof sealedNamesSchema>;

/** Whether the value of a variable for a target is sealed. */
export type IsSealed = (key: string, target: string) => boolean;

interface Named {
  key: string;
  targets: readonly string[];
}

/** Hashes of the names and targets of variables. */
export function hashNames(variables: readonly Named[], salt = randomBytes(16).toString("hex")): SealedNames {
  const hashes = variables.flatMap(({ key, targets }) => targets.map((target) => hashOf(salt, key, target)));
  return { salt, hashes: hashes.sort() };
}

/** Finds names and targets among hashes. */
export function sealedIn({ salt, hashes }: SealedNames): IsSealed {
  const known = new Set(hashes);
  return (key, target) => known.has(hashOf(salt, key, target));
}

function hashOf(salt: string, key: string, target: string): string {
  return createHash("sha256")
    .update(JSON.stringify([salt, key, target]))
    .digest("hex");
}

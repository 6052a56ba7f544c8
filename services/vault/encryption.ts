import { readFile } from "node:fs/promises";

import { UserError } from "../common/errors.ts";
import type { Opener, Sealer } from "./age.ts";

// Most commands meet nothing that is encrypted, so age is loaded when there is something to encrypt or to decrypt with.

/** Seals to these recipients; undefined if there are none. Throws a UserError that names each invalid one. */
export async function sealerTo(recipients: readonly string[]): Promise<Sealer | undefined> {
  if (recipients.length === 0) return undefined;
  const { ageSealer } = await import("./age.ts");
  return ageSealer(recipients);
}

/**
 * The opener with the environment's identities: those in CASTCHAT_AGE_IDENTITY, or in the file that CASTCHAT_AGE_IDENTITY_FILE names (one on
 * each line, comments with #, as age-keygen writes them). Undefined if neither is set.
 */
export async function openerOf(environment: NodeJS.ProcessEnv): Promise<Opener | undefined> {
  const inline = environment["CASTCHAT_AGE_IDENTITY"] ?? "";
  const file = environment["CASTCHAT_AGE_IDENTITY_FILE"] ?? "";
  if (inline === "" && file === "") return undefined;
  const text = inline === "" ? await readIdentities(file) : inline;
  const identities = text
    .split(/[\n,]/)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  if (identities.length === 0)
    throw new UserError("CASTCHAT_AGE_IDENTITY contains no identity: write AGE-SECRET-KEY-1… as age-keygen prints it.");
  const { ageOpener } = await import("./age.ts");
  return ageOpener(identities);
}

async function readIdentities(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw new UserError(
      `CASTCHAT_AGE_IDENTITY_FILE names ${file}, which cannot be read (${(error as NodeJS.ErrnoException).code ?? "?"}). Set it to the file that age-keygen wrote.`,
      { cause: error },
    );
  }
}

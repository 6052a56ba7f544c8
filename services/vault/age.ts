import { readFile } from "node:fs/promises";
import { Readable } from "node:stream";

import { Decrypter, Encrypter } from "age-encryption";

import { PromiseError, UserError } from "../common/errors.ts";

/** Encrypts to public recipients (age, https://age-encryption.org/v1): who seals can't open. */
export interface Sealer {
  /** "age1…", as they were given. */
  readonly recipients: readonly string[];
  sealBytes(plain: Uint8Array): Promise<Uint8Array>;
  /** Seals in steps of 64 KB; a source that fails makes the result fail. */
  sealStream(plain: Readable): Promise<Readable>;
}

/** Opens what was sealed to one of its identities. What is sealed to none of them is a UserError, what is altered a PromiseError. */
export interface Opener {
  openBytes(sealed: Uint8Array, name: string): Promise<Uint8Array>;
  /** Each step of 64 KB is authentic when it comes; that none is missing at the end is known once the stream has ended well. */
  openStream(sealed: Readable, name: string): Promise<Readable>;
}

/** Seals to these recipients. UserError that names every one which is none. */
export function ageSealer(recipients: readonly string[]): Sealer {
  const encrypter = new Encrypter();
  const faults = recipients.filter((recipient) => !accepts(() => encrypter.addRecipient(recipient)));
  if (faults.length > 0)
    throw new UserError(
      `${faults.map((one) => `"${one.slice(0, 80)}"`).join(", ")} is no age recipient: write age1… as age-keygen prints it.`,
    );
  return {
    recipients: [...recipients],
    sealBytes: (plain) => encrypter.encrypt(plain),
    async sealStream(plain) {
      const sealed = await encrypter.encrypt(Readable.toWeb(plain) as unknown as globalThis.ReadableStream<Uint8Array>);
      return Readable.fromWeb(sealed);
    },
  };
}

/**
 * Opens with these identities ("AGE-SECRET-KEY-1…"). UserError, without the secret, for one that is none.
 *
 * @internal the product opens with those of its environment ({@link openerOf}); tests have their own
 */
export function ageOpener(identities: readonly string[]): Opener {
  const decrypter = new Decrypter();
  const at = identities.findIndex((identity) => !accepts(() => decrypter.addIdentity(identity)));
  if (at !== -1)
    throw new UserError(
      `Line ${at + 1} of the age identities is none: write AGE-SECRET-KEY-1… as age-keygen prints it.`,
    );
  return {
    async openBytes(sealed, name) {
      try {
        return await decrypter.decrypt(sealed);
      } catch (error) {
        throw explain(error, name);
      }
    },
    async openStream(sealed, name) {
      try {
        const opened = await decrypter.decrypt(
          Readable.toWeb(sealed) as unknown as globalThis.ReadableStream<Uint8Array>,
        );
        return Readable.fromWeb(opened);
      } catch (error) {
        throw explain(error, name);
      }
    },
  };
}

/**
 * The opener with the identities of the environment: CASTCHAT_AGE_IDENTITY holds them, or CASTCHAT_AGE_IDENTITY_FILE names a
 * file that does (one a line, lines with # are comments, as age-keygen writes them). Undefined where neither is set.
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
    throw new UserError("CASTCHAT_AGE_IDENTITY holds no identity: write AGE-SECRET-KEY-1… as age-keygen prints it.");
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

function accepts(add: () => void): boolean {
  try {
    add();
    return true;
  } catch {
    // The library says that it is none; nothing else can fail here.
    return false;
  }
}

function explain(error: unknown, name: string): Error {
  const message = error instanceof Error ? error.message : String(error);
  if (message.includes("no identity matched")) {
    return new UserError(
      `${name} is encrypted to none of the age identities at hand: put the right one into CASTCHAT_AGE_IDENTITY.`,
      { cause: error },
    );
  }
  return new PromiseError(`${name} is damaged: it can't be decrypted (${message})`, { cause: error });
}

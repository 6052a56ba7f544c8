import { Readable } from "node:stream";

import { Decrypter, Encrypter } from "age-encryption";

import { PromiseError, UserError } from "../common/errors.ts";

/** Encrypts to public recipients (age, https://age-encryption.org/v1). It can't decrypt what it has encrypted. */
export interface Sealer {
  /** "age1…". */
  readonly recipients: readonly string[];
  sealBytes(plain: Uint8Array): Promise<Uint8Array>;
  /** Seals in steps of 64 KB; a source that fails makes the result fail. */
  sealStream(plain: Readable): Promise<Readable>;
}

/** Opens what was sealed to one of its identities. Throws UserError if no identity fits, PromiseError if the data was altered. */
export interface Opener {
  openBytes(sealed: Uint8Array, name: string): Promise<Uint8Array>;
  /** Each step of 64 KB is authentic. Only the end of the stream shows that none is missing. */
  openStream(sealed: Readable, name: string): Promise<Readable>;
}

/** Seals to these recipients. Throws a UserError that names each invalid one. */
export function ageSealer(recipients: readonly string[]): Sealer {
  const encrypter = new Encrypter();
  const faults = recipients.filter((recipient) => !accepts(() => encrypter.addRecipient(recipient)));
  if (faults.length > 0)
    throw new UserError(
      `${faults.map((one) => `"${one.slice(0, 80)}"`).join(", ")} is not an age recipient: write age1… as age-keygen prints it.`,
    );
  return {
    recipients: [...recipients],
    sealBytes: (plain) => encrypter.encrypt(plain),
    sealStream: async (plain) => Readable.fromWeb(await encrypter.encrypt(webStreamOf(plain))),
  };
}

/** Node's type of a web stream is not the one that the library takes. */
function webStreamOf(stream: Readable) {
  return Readable.toWeb(stream) as unknown as globalThis.ReadableStream<Uint8Array>;
}

/** Opens with these identities ("AGE-SECRET-KEY-1…"). Throws a UserError for an invalid one, without its text. */
export function ageOpener(identities: readonly string[]): Opener {
  const decrypter = new Decrypter();
  const at = identities.findIndex((identity) => !accepts(() => decrypter.addIdentity(identity)));
  if (at !== -1)
    throw new UserError(
      `Line ${at + 1} of the age identities is not an identity: write AGE-SECRET-KEY-1… as age-keygen prints it.`,
    );
  const explained = <T>(opened: Promise<T>, name: string): Promise<T> =>
    opened.catch((error: unknown) => {
      throw explain(error, name);
    });
  return {
    openBytes: (sealed, name) => explained(decrypter.decrypt(sealed), name),
    openStream: async (sealed, name) => Readable.fromWeb(await explained(decrypter.decrypt(webStreamOf(sealed)), name)),
  };
}

function accepts(add: () => void): boolean {
  try {
    add();
    return true;
  } catch {
    // The library refuses it; nothing else can fail here.
    return false;
  }
}

function explain(error: unknown, name: string): Error {
  const message = error instanceof Error ? error.message : String(error);
  if (message.includes("no identity matched"))
    return new UserError(
      `${name} is not encrypted to any of the given age identities: put the right one into CASTCHAT_AGE_IDENTITY.`,
      { cause: error },
    );
  return new PromiseError(`${name} is damaged: it can't be decrypted (${message})`, { cause: error });
}

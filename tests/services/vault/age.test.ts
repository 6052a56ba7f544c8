import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";

import { describe, expect, it } from "@jest/globals";
import { generateX25519Identity, identityToRecipient } from "age-encryption";

import { PromiseError, redact, UserError } from "../../../services/common/errors.ts";
import { ageOpener, ageSealer } from "../../../services/vault/age.ts";
import { openerOf } from "../../../services/vault/encryption.ts";
import { makeTestFolder } from "../../support/folder.ts";

const newPair = async () => {
  const identity = await generateX25519Identity();
  return { identity, recipient: await identityToRecipient(identity) };
};
const plain = randomBytes(300_000);

describe("age", () => {
  it("seals to every recipient, and opens with any one of their identities", async () => {
    const [one, other, stranger] = await Promise.all([newPair(), newPair(), newPair()]);
    const sealer = ageSealer([one.recipient, other.recipient]);
    const sealed = await sealer.sealBytes(plain);
    expect(Buffer.from(sealed).includes(plain.subarray(0, 32))).toBe(false);
    for (const { identity } of [one, other])
      expect(plain.equals(Buffer.from(await ageOpener([identity]).openBytes(sealed, "x")))).toBe(true);
    const wrong = ageOpener([stranger.identity]).openBytes(sealed, "daily/x/data/000001");
    await expect(wrong).rejects.toBeInstanceOf(UserError);
    await expect(wrong).rejects.toThrow("daily/x/data/000001 is not encrypted to any of the given age identities");
  });

  it("streams, and finds an end that is missing or altered", async () => {
    const { identity, recipient } = await newPair();
    const sealed = await buffer(await ageSealer([recipient]).sealStream(Readable.from([plain])));
    const open = async (bytes: Buffer) =>
      await buffer(await ageOpener([identity]).openStream(Readable.from([bytes]), "part"));
    expect(plain.equals(await open(sealed))).toBe(true);
    await expect(open(sealed.subarray(0, -70_000))).rejects.toThrow();
    const altered = Buffer.from(sealed);
    altered[altered.length >> 1]! ^= 1;
    await expect(open(altered)).rejects.toThrow();
    await expect(ageOpener([identity]).openBytes(altered, "part")).rejects.toBeInstanceOf(PromiseError);
  });

  it("passes a source's failure on", async () => {
    const { recipient } = await newPair();
    const failing = Readable.from(
      (async function* () {
        yield randomBytes(100_000);
        await Promise.resolve();
        throw new Error("the source broke");
      })(),
    );
    await expect(buffer(await ageSealer([recipient]).sealStream(failing))).rejects.toThrow("the source broke");
  });

  it("names what is no recipient, and never shows an identity", async () => {
    const wrong = '"age1nonsense", "ssh-rsa AAAA" is not an age recipient';
    expect(() => ageSealer(["age1nonsense", "ssh-rsa AAAA"])).toThrow(wrong);
    const { identity } = await newPair();
    const broken = identity.slice(0, -2);
    expect(() => ageOpener([identity, broken])).toThrow(/^Line 2 of the age identities is not an identity/);
    expect(redact(`found ${identity} in the log`)).toBe("found [secret] in the log");
  });

  it("reads identities from the environment or a file, as age-keygen writes it", async () => {
    const { identity, recipient } = await newPair();
    const folder = await makeTestFolder();
    const file = join(folder.path, "key.txt");
    await writeFile(file, `# created: 2026-11-01\n# public key: ${recipient}\n${identity}\n`);
    const sealed = await ageSealer([recipient]).sealBytes(plain);
    for (const environment of [{ CASTCHAT_AGE_IDENTITY_FILE: file }, { CASTCHAT_AGE_IDENTITY: identity }])
      expect(plain.equals(Buffer.from(await (await openerOf(environment))!.openBytes(sealed, "x")))).toBe(true);
    expect(await openerOf({})).toBeUndefined();
    const none = openerOf({ CASTCHAT_AGE_IDENTITY_FILE: join(folder.path, "none") });
    await expect(none).rejects.toThrow("cannot be read (ENOENT)");
    await folder.remove();
  });
});

import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";

import type { Signer } from "../../../services/signer/signer.ts";
import type { KeptVersion, Vault } from "../../../services/vault/vault.ts";

/** A vault over another one: what is written stays in memory. */
export function writableOver(vault: Vault): Vault {
  const written = new Map<string, { bytes: Buffer; version: KeptVersion }>();
  return {
    ...vault,
    async put(key, body) {
      const bytes = body instanceof Readable ? await buffer(body) : Buffer.from(body);
      const version = { sizeBytes: bytes.length, modifiedAt: new Date(), versionId: undefined };
      written.set(key, { bytes, version });
      return {
        sizeBytes: bytes.length,
        sha256: createHash("sha256").update(bytes).digest("hex"),
        versionId: undefined,
      };
    },
    get(key, signal, versionId) {
      const own = written.get(key);
      return own === undefined ? vault.get(key, signal, versionId) : Promise.resolve(Readable.from([own.bytes]));
    },
    getBytes(key, signal, mostBytes, versionId) {
      const own = written.get(key);
      return own === undefined ? vault.getBytes(key, signal, mostBytes, versionId) : Promise.resolve(own.bytes);
    },
    versions(key, signal) {
      const own = written.get(key);
      return own === undefined ? vault.versions(key, signal) : Promise.resolve([own.version]);
    },
    async list(prefix, signal) {
      const own = [...written]
        .filter(([key]) => key.startsWith(prefix))
        .map(([key, { version }]) => ({ key, ...version }));
      return [...(await vault.list(prefix, signal)), ...own].sort((a, b) => (a.key < b.key ? -1 : 1));
    },
    setLegalHold: () => Promise.resolve(),
  };
}

/** A signer with a key of its own. */
export function ownSigner(): Signer {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const pem = publicKey.export({ type: "spki", format: "pem" }).toString();
  return {
    publicKeyPem: () => Promise.resolve(pem),
    sign: (bytes) => Promise.resolve(sign("sha256", bytes, privateKey)),
  };
}

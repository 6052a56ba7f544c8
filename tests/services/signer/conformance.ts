import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

import { UserError } from "../../../services/common/errors.ts";
import { fingerprintOfKey, isSignedByOneOf, type Signer } from "../../../services/signer/signer.ts";
import { publicKeyPem } from "../../support/keys.ts";

/** Signing keys of one service. */
export interface StartedSigners {
  newSigner(): Promise<Signer>;
  /** A key that does not exist, and one at an address that nothing answers at, with what they say. */
  faulty(): [signer: Signer, sentence: string][];
  stop(): Promise<void>;
}

const otherKey = publicKeyPem();

/** What every adapter of the role keeps to. A second one runs it by one line with its own `start`. */
export function conformsToSigner(name: string, start: () => Promise<StartedSigners>): void {
  describe(`${name} as a signer`, () => {
    let started: StartedSigners;
    beforeAll(async () => {
      started = await start();
    });
    afterAll(() => started.stop());

    it("signs bytes of any length, so that the public key is enough to check them", async () => {
      const signer = await started.newSigner();
      const pem = await signer.publicKeyPem();
      const bytes = Buffer.alloc(100_000, "manifest");
      const signature = await signer.sign(bytes);
      expect(isSignedByOneOf([otherKey, pem], bytes, signature)).toBe(true);
      expect(isSignedByOneOf([otherKey], bytes, signature)).toBe(false);
      expect(isSignedByOneOf([], bytes, signature)).toBe(false);
      bytes[50_000] = 0;
      expect(isSignedByOneOf([pem], bytes, signature)).toBe(false);
      expect(isSignedByOneOf([pem], bytes, Buffer.from("no signature"))).toBe(false);
      expect(fingerprintOfKey(pem)).toMatch(/^[0-9a-f]{16}$/);
      expect(fingerprintOfKey(pem)).not.toBe(fingerprintOfKey(otherKey));
    });

    it("has another key for another signer, and the same each time", async () => {
      const [one, other] = [await started.newSigner(), await started.newSigner()];
      expect(await one.publicKeyPem()).not.toBe(await other.publicKeyPem());
      expect(await one.publicKeyPem()).toBe(await one.publicKeyPem());
    });

    it("reports a key that does not exist, and a service that cannot be reached, as a fault of the set-up", async () => {
      for (const [signer, sentence] of started.faulty())
        for (const call of [() => signer.sign(Buffer.from("x")), () => signer.publicKeyPem()]) {
          await expect(call()).rejects.toThrow(sentence);
          await expect(call()).rejects.toThrow(UserError);
        }
    });
  });
}

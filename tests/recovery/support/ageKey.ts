import { generateX25519Identity, identityToRecipient } from "age-encryption";

import { ageOpener, ageSealer } from "../../../services/vault/age.ts";

/** A new age identity, its recipient, what seals to it, and what opens with it. */
export async function newAgeKey() {
  const identity = await generateX25519Identity();
  const recipient = await identityToRecipient(identity);
  return { identity, recipient, sealer: ageSealer([recipient]), opener: ageOpener([identity]) };
}

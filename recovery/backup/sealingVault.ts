import { Readable } from "node:stream";

import type { Sealer } from "../../services/vault/age.ts";
import type { Vault } from "../../services/vault/vault.ts";

/** The same vault, in which everything that is put is sealed on this side first: sizes and hashes are those of the sealed object. */
export function sealingVault(vault: Vault, sealer: Sealer): Vault {
  return {
    ...vault,
    async put(key, body, options) {
      const sealed = body instanceof Readable ? await sealer.sealStream(body) : await sealer.sealBytes(body);
      return await vault.put(key, sealed, options);
    },
  };
}

import { Readable } from "node:stream";

import type { Sealer } from "../../services/vault/age.ts";
import type { Vault } from "../../services/vault/vault.ts";

/** Wraps a vault so that everything is sealed before it is uploaded. Sizes and hashes are those of the sealed object. */
export function sealingVault(vault: Vault, sealer: Sealer): Vault {
  return {
    ...vault,
    async put(key, body, options) {
      const sealed = body instanceof Readable ? await sealer.sealStream(body) : await sealer.sealBytes(body);
      return await vault.put(key, sealed, options);
    },
  };
}

import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { Readable } from "node:stream";

import { PROJECT_ROOT } from "../../../lab/sandbox/host/layout.ts";
import { PassedOver } from "../../../services/vault/passedOver.ts";
import type { KeptVersion, Vault } from "../../../services/vault/vault.ts";
import type { VaultFixture } from "../../fixtures/vaults/fixture.ts";

const FOLDER = join(PROJECT_ROOT, "tests", "fixtures", "vaults", "format-4");

/** The kept vault of this format as a vault that can only be read. Each call is noted. `receivedAt` is the time of all objects. */
export function keptVault(noted: (call: string) => void, receivedAt: Date): { vault: Vault; fixture: VaultFixture } {
  const fixture = JSON.parse(readFileSync(join(FOLDER, "fixture.json"), "utf8")) as VaultFixture;
  const root = join(FOLDER, "objects");
  const files = new Map(
    readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [relative(root, path), path] as const),
  );
  const bytesOf = (key: string) => {
    noted(`GET ${key}`);
    const path = files.get(key);
    return path === undefined ? undefined : readFileSync(path);
  };
  const versionOf = (key: string): KeptVersion => ({
    sizeBytes: readFileSync(files.get(key) ?? "").length,
    modifiedAt: receivedAt,
    versionId: undefined,
  });
  const refuse = (call: string) => () => {
    noted(call);
    return Promise.reject(new Error("this vault can only be read"));
  };
  const vault: Vault = {
    name: "kept",
    passedOver: new PassedOver(),
    now: () => undefined,
    get: (key) => {
      const bytes = bytesOf(key);
      return Promise.resolve(bytes && Readable.from([bytes]));
    },
    getBytes: (key) => Promise.resolve(bytesOf(key)),
    versions: (key) => Promise.resolve(files.has(key) ? [versionOf(key)] : []),
    list: (prefix) => {
      noted(`GET ${prefix}`);
      const keys = [...files.keys()].filter((key) => key.startsWith(prefix)).sort();
      return Promise.resolve(keys.map((key) => ({ key, ...versionOf(key) })));
    },
    hasLegalHold: () => Promise.resolve(false),
    put: refuse("PUT"),
    setLegalHold: refuse("PUT legal hold"),
  };
  return { vault, fixture };
}

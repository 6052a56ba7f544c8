/** The keys by which the engine marks a secret in a state, and the value of the first (sdk/go/common/resource/sig). */
const MARK = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";
/** Bytes that AES-GCM adds to what it encrypts. */
const TAG_BYTES = 16;
/** The JSON of a secret without a value. */
const NULL = "null";

interface Found {
  at: string;
  is: "null" | "as long as null" | "a value";
}

/**
 * Refuses a state whose secrets are null. An export with a wrong passphrase wrote such states, and ended like a right one
 * (https://github.com/pulumi/pulumi/issues/23476). A ciphertext is judged by its length, as no key is at hand: where each secret is as long as null, all of
 * them are taken for it, and one of several is not.
 *
 * @throws Error with one clause, which names resources and properties
 */
export function refuseNullSecrets(state: unknown): void {
  const found = secretsIn(state, "");
  const isLost = found.length > 0 && found.every(({ is }) => is !== "a value");
  const empty = found.filter(({ is }) => is === "null" || (isLost && is === "as long as null"));
  if (empty.length === 0) return;
  const named = empty.slice(0, 3).map(({ at }) => at);
  const more = empty.length > named.length ? ` and ${empty.length - named.length} more` : "";
  throw new Error(
    `${empty.length} of ${found.length} secrets in the state are null (${named.join(", ")}${more}), so a restore of it would lose them: check PULUMI_CONFIG_PASSPHRASE, and compare with \`pulumi stack export --show-secrets\``,
  );
}

function secretsIn(value: unknown, at: string): Found[] {
  if (Array.isArray(value)) return value.flatMap((item: unknown, index) => secretsIn(item, `${at}[${index}]`));
  if (typeof value !== "object" || value === null) return [];
  const fields = value as Record<string, unknown>;
  if (fields[MARK] === SECRET) return [{ at, is: kindOf(fields) }];
  const { urn } = fields;
  const place = typeof urn === "string" ? urn : at;
  return Object.entries(fields).flatMap(([name, inner]) => secretsIn(inner, place === "" ? name : `${place} ${name}`));
}

function kindOf({ plaintext, ciphertext }: Record<string, unknown>): Found["is"] {
  if (typeof plaintext === "string") return plaintext === NULL || plaintext === "" ? "null" : "a value";
  if (typeof ciphertext !== "string" || ciphertext === "") return "null";
  // "v1:nonce:ciphertext", the latter in base64 (sdk/go/common/resource/config, symmetricCrypter). Other providers have other forms.
  const [version, , sealed] = ciphertext.split(":");
  const isShort = version === "v1" && Buffer.from(sealed ?? "", "base64").length === TAG_BYTES + NULL.length;
  return isShort ? "as long as null" : "a value";
}

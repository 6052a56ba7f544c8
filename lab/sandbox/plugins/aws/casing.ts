/** Where the SDK's spelling is more than a capital letter in front. */
const SPELLINGS: Readonly<Record<string, string>> = {
  id: "ID",
  sseAlgorithm: "SSEAlgorithm",
  kmsMasterKeyId: "KMSMasterKeyID",
  replicaKmsKeyId: "ReplicaKmsKeyID",
};
const BACK = Object.fromEntries(Object.entries(SPELLINGS).map(([ours, theirs]) => [theirs, ours]));

/** Pulumi's spelling (`sseAlgorithm`) into the AWS SDK's (`SSEAlgorithm`), at every depth. */
export function toSdk(value: unknown): unknown {
  return respelled(value, (key) => SPELLINGS[key] ?? key.charAt(0).toUpperCase() + key.slice(1));
}

/** The AWS SDK's spelling into Pulumi's, at every depth; dates become ISO text, undefined keys vanish. */
export function fromSdk(value: unknown): unknown {
  return respelled(value, (key) => BACK[key] ?? key.charAt(0).toLowerCase() + key.slice(1));
}

/** A list in Pulumi's spelling under its input's name; undefined where it is empty. */
export function listFromSdk<K extends string>(
  name: K,
  list: readonly unknown[] | undefined,
): Record<K, never> | undefined {
  // The inputs' own types hold for what the service gives back of them; what it adds shows as drift.
  return list === undefined || list.length === 0 ? undefined : ({ [name]: fromSdk(list) } as Record<K, never>);
}

function respelled(value: unknown, spell: (key: string) => string): unknown {
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map((item) => respelled(item, spell));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return Object.fromEntries(entries.map(([key, item]) => [spell(key), respelled(item, spell)]));
}

/** Names whose spelling in the SDK differs in more than the first letter. */
const SPELLINGS: Readonly<Record<string, string>> = {
  id: "ID",
  sseAlgorithm: "SSEAlgorithm",
  kmsMasterKeyId: "KMSMasterKeyID",
  replicaKmsKeyId: "ReplicaKmsKeyID",
  startsWiths: "StartsWith",
};
const BACK = Object.fromEntries(Object.entries(SPELLINGS).map(([ours, theirs]) => [theirs, ours]));

/** Converts Pulumi's spelling (`sseAlgorithm`) to the AWS SDK's (`SSEAlgorithm`), at every depth. */
export function toSdk(value: unknown): unknown {
  return respelled(value, (key) => SPELLINGS[key] ?? key.charAt(0).toUpperCase() + key.slice(1));
}

/** Converts the AWS SDK's spelling to Pulumi's, at every depth. Dates become ISO text, and undefined keys are removed. */
export function fromSdk(value: unknown): unknown {
  return respelled(value, (key) => BACK[key] ?? key.charAt(0).toLowerCase() + key.slice(1));
}

/** A list in Pulumi's spelling under its input's name; undefined if it is empty. */
export function listFromSdk<K extends string>(
  name: K,
  list: readonly unknown[] | undefined,
): Record<K, never> | undefined {
  // The service returns the inputs with their own types; what it adds shows as drift.
  return list === undefined || list.length === 0 ? undefined : ({ [name]: fromSdk(list) } as Record<K, never>);
}

function respelled(value: unknown, spell: (key: string) => string): unknown {
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map((item) => respelled(item, spell));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return Object.fromEntries(entries.map(([key, item]) => [spell(key), respelled(item, spell)]));
}

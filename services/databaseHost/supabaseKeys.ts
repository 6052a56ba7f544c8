import { z } from "zod";

/** A project's API keys as the Management API lists them. */
export const keysAnswer = z.array(
  z.object({
    name: z.string(),
    api_key: z.string().nullish(),
    type: z.string().nullish(),
    secret_jwt_template: z.record(z.string(), z.unknown()).nullish(),
  }),
);
type Keys = z.output<typeof keysAnswer>;

/**
 * The key that is safe to show: a publishable one, otherwise the older `anon`. Supabase removes the older keys by the end of 2026, and a
 * project can disable them earlier.
 * Source: https://supabase.com/docs/guides/getting-started/migrating-to-new-api-keys
 */
export function publicKeyIn(keys: Keys): string | undefined {
  return valueOf(keys.find(isOf("publishable")) ?? keys.find(({ name, type }) => name === "anon" && isLegacy(type)));
}

/** The key that bypasses row level security: a secret one of that role, otherwise the older `service_role`. */
export function secretKeyIn(keys: Keys): string | undefined {
  const secret = keys.filter(isOf("secret")).find(isOfService);
  return valueOf(secret ?? keys.find(({ name, type }) => name === "service_role" && isLegacy(type)));
}

/** The headers with a key for a project's own API. Only the older keys are also accepted as bearer tokens. */
export function keyHeaders(key: string): Record<string, string> {
  return key.startsWith("sb_") ? { apikey: key } : { apikey: key, authorization: `Bearer ${key}` };
}

const isOfService = ({ secret_jwt_template: template }: Keys[number]) =>
  (template?.["role"] ?? "service_role") === "service_role";
const isOf = (type: string) => (key: Keys[number]) => key.type === type && valueOf(key) !== undefined;

function isLegacy(type: string | null | undefined): boolean {
  return (type ?? "legacy") === "legacy";
}

function valueOf(key: Keys[number] | undefined): string | undefined {
  return key?.api_key || undefined;
}

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
 * The key that is safe to show: a publishable one, else the older `anon`. The older keys go away by the end of 2026, and a project can
 * switch them off before.
 * Source: https://supabase.com/docs/guides/getting-started/migrating-to-new-api-keys
 */
export function publicKeyIn(keys: Keys): string | undefined {
  return valueOf(keys.find(isOf("publishable")) ?? keys.find(({ name, type }) => name === "anon" && isLegacy(type)));
}

/** The key that passes by row level security: a secret one of that role, else the older `service_role`. */
export function secretKeyIn(keys: Keys): string | undefined {
  const secret = keys.filter(isOf("secret")).find(({ secret_jwt_template: template }) => role(template));
  return valueOf(secret ?? keys.find(({ name, type }) => name === "service_role" && isLegacy(type)));
}

/** How a request to a project's own API carries a key. The older keys are tokens too; the newer ones are refused as such. */
export function keyHeaders(key: string): Record<string, string> {
  return key.startsWith("sb_") ? { apikey: key } : { apikey: key, authorization: `Bearer ${key}` };
}

const isOf = (type: string) => (key: Keys[number]) => key.type === type && valueOf(key) !== undefined;

function isLegacy(type: string | null | undefined): boolean {
  return type === null || type === undefined || type === "legacy";
}

function role(template: Keys[number]["secret_jwt_template"]): boolean {
  const given = template?.["role"];
  return given === undefined || given === "service_role";
}

function valueOf(key: Keys[number] | undefined): string | undefined {
  return key?.api_key ? key.api_key : undefined;
}

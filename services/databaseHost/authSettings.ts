/**
 * Whether a setting of Supabase's auth service is a secret. The Management API takes such a value and never gives it out again: in its
 * place it shows a hash, another one in each project. Written back, the hash would become the secret itself.
 * Sources: supabase/cli (pkg/config/auth.go: each field with `SHA256`), supabase/terraform-provider-supabase (`copySensitiveFields`).
 */
function isSecretSetting(name: string): boolean {
  return /^(smtp_pass|sms_textlocal_api_key)$|_(secrets?|auth_token|access_key)$/.test(name);
}

/** The names of those secrets that are set, sorted. */
export function secretSettings(settings: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(settings)
    .filter(([name, value]) => isSecretSetting(name) && value !== null && value !== undefined && value !== "")
    .map(([name]) => name)
    .sort();
}

/** The settings without any secret. */
export function plainSettings(settings: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(settings).filter(([name]) => !isSecretSetting(name)));
}

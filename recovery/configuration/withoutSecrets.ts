/**
 * Settings by whose name a value is a secret; the name stays, the value is left out. Supabase's hooks have "…_secrets", its codes for tests
 * "sms_test_otp". The address of one of Vercel's deploy hooks is enough to deploy.
 */
const SECRET_NAME =
  /(secrets?|passwords?|pass|tokens?|keys?|private|credentials?|sid|dsn|uri|otp)$|_(secret|token|key|pass)s?_|^(env|deployHooks)$/i;
/** Stands for a value that is left out. */
export const LEFT_OUT = "[left out: secret]";

/** The same settings without any value whose name says that it is a secret, at every depth. */
export function withoutSecrets(settings: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, cleaned(name, value)]));
}

function cleaned(name: string, value: unknown): unknown {
  const empty =
    value === null ||
    value === undefined ||
    value === "" ||
    typeof value === "boolean" ||
    typeof value === "number" ||
    (Array.isArray(value) && value.length === 0);
  if (!empty && SECRET_NAME.test(name)) return LEFT_OUT;
  if (Array.isArray(value)) return value.map((item: unknown) => cleaned("", item));
  if (typeof value === "object" && value !== null) return withoutSecrets(value as Record<string, unknown>);
  return value;
}

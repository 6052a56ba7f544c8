import { APP_CHECKS } from "./app.ts";
import { AWS_CHECKS } from "./aws.ts";
import type { Check } from "./check.ts";
import { DNS_CHECKS } from "./dns.ts";
import { GITHUB_CHECKS } from "./github.ts";
import { GITLAB_CHECKS } from "./gitlab.ts";
import { LOCAL_CHECKS } from "./local.ts";
import type { Subject } from "./subject.ts";
import { SUPABASE_CHECKS } from "./supabase.ts";
import { TOKEN_CHECKS } from "./tokens.ts";
import { VERCEL_CHECKS } from "./vercel.ts";

/** All checks, in the order in which they are shown. */
export const CHECKS: readonly Check<Subject>[] = [
  ...LOCAL_CHECKS,
  ...TOKEN_CHECKS,
  ...AWS_CHECKS,
  ...SUPABASE_CHECKS,
  ...VERCEL_CHECKS,
  ...DNS_CHECKS,
  ...GITHUB_CHECKS,
  ...GITLAB_CHECKS,
  ...APP_CHECKS,
];

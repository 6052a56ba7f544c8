import { delimiter, join } from "node:path";

import { addressOf, layout, PROJECT_ROOT, type SandboxFile } from "./host/layout.ts";
import { sandboxPostgres } from "./postgres/binaries.ts";

/**
 * The environment variables with which a command uses the sandbox: credentials, Pulumi's backend and passphrase, and on PATH first the
 * sandbox's provider plugins and the command line. Contains the sandbox's secrets. `base` is the environment whose PATH is extended.
 */
export function sandboxEnvironment(
  home: string,
  file: SandboxFile,
  base: NodeJS.ProcessEnv = process.env,
): Record<string, string> {
  const { credentials, ports } = file;
  return {
    CASTCHAT_SANDBOX_HOME: home,
    AWS_ACCESS_KEY_ID: credentials.awsAccessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.awsSecretAccessKey,
    // The user's own AWS configuration must not be read, and no address outside this machine asked for credentials.
    AWS_SESSION_TOKEN: "",
    AWS_PROFILE: "",
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_CONFIG_FILE: join(home, "no-aws-config"),
    AWS_SHARED_CREDENTIALS_FILE: join(home, "no-aws-credentials"),
    VERCEL_API_TOKEN: credentials.vercelToken,
    GITHUB_TOKEN: credentials.githubToken,
    MIRROR_GITHUB_TOKEN: credentials.mirrorGithubToken,
    GITLAB_TOKEN: credentials.gitlabToken,
    CLOUDFLARE_API_TOKEN: credentials.cloudflareToken,
    SUPABASE_ACCESS_TOKEN: credentials.supabaseToken,
    // The runs' own tokens are those of the operator here.
    RUNNER_VERCEL_API_TOKEN: credentials.vercelToken,
    RUNNER_GITHUB_TOKEN: credentials.githubToken,
    RUNNER_CLOUDFLARE_API_TOKEN: credentials.cloudflareToken,
    RUNNER_SUPABASE_ACCESS_TOKEN: credentials.supabaseToken,
    CASTCHAT_AGE_IDENTITY: credentials.ageIdentity,
    SANDBOX_VERCEL_URL: addressOf(ports, "vercel"),
    // A test restore starts its server from these programs, never from others on PATH.
    PG_BIN: sandboxPostgres.folder,
    VERIFY_DATABASE_URL: "",
    PULUMI_HOME: layout(home).pulumi,
    PULUMI_BACKEND_URL: `file://${layout(home).state}`,
    PULUMI_CONFIG_PASSPHRASE: credentials.passphrase,
    // `bin`, so that the runbook's commands work as written.
    PATH: [join(PROJECT_ROOT, "lab", "sandbox", "plugins", "bin"), join(PROJECT_ROOT, "bin"), base["PATH"] ?? ""].join(
      delimiter,
    ),
  };
}

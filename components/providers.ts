import type { Region } from "@pulumi/aws";
import { Provider as AwsProvider } from "@pulumi/aws/provider.js";
import { Provider as CloudflareProvider } from "@pulumi/cloudflare/provider.js";
import { Provider as GitHubProvider } from "@pulumi/github/provider.js";
import * as pulumi from "@pulumi/pulumi";
import { Provider as VercelProvider } from "@pulumiverse/vercel/provider.js";

import { MIRROR_TOKEN } from "../settings/runnerSettings.ts";
import type { Settings } from "../settings/settings.ts";
import { RecoveryProvider } from "./recovery/recoveryProvider.ts";

/**
 * The explicit providers of a stack: one account and one region. From the shell they take only credentials (AWS_ACCESS_KEY_ID and
 * AWS_SECRET_ACCESS_KEY or any other of AWS's ways, VERCEL_API_TOKEN, GITHUB_TOKEN, MIRROR_GITHUB_TOKEN,
 * CLOUDFLARE_API_TOKEN, SUPABASE_ACCESS_TOKEN). A standby's secrets `peerVercelToken` and `dnsToken` go to provider `recovery` only.
 */
export function createProviders(settings: Settings): pulumi.ProviderResource[] {
  const { awsRegion, endpoints, vercelTeam, mirrorOwner, peerVercelTeam, peerVercelToken, dnsToken } = settings;
  const secrets = { peerVercelTeam, peerVercelToken, dnsToken };
  const common = [
    awsProvider(settings),
    new VercelProvider("vercel", vercelTeam === undefined ? {} : { team: vercelTeam }),
    new RecoveryProvider("recovery", { awsRegion, endpoints, vercelTeam, mirrorOwner, ...secrets }),
  ];
  return settings.role === "primary"
    ? [...common, ...(settings.dns !== "existing" ? [cloudflareProvider(settings)] : [])]
    : [...common, githubProvider(mirrorOwner, settings.endpoints.github)];
}

/** The services that the program uses. Plugin aws reads and writes the tags of buckets through S3 Control. */
const AWS_SERVICES = [
  ...["s3", "s3control", "kms", "iam", "sts", "secretsmanager", "cloudtrail", "codebuild", "scheduler", "logs", "sqs"],
];

function awsProvider({ awsRegion, awsAccountId, endpoints: { aws: endpoint } }: Settings): AwsProvider {
  return new AwsProvider("aws", {
    region: awsRegion as Region,
    // Credentials of another account are refused before anything is changed there.
    allowedAccountIds: [awsAccountId],
    ...(endpoint !== undefined && {
      endpoints: [Object.fromEntries(AWS_SERVICES.map((service) => [service, endpoint]))],
      s3UsePathStyle: true,
    }),
  });
}

/** The provider of the mirrors, whose owner may have a token of its own. */
function githubProvider(owner: string | undefined, endpoint: string | undefined): GitHubProvider {
  // By default the SDK reads the variable as a plain input, and the state would contain the token in clear text.
  const token = process.env[MIRROR_TOKEN] || process.env["GITHUB_TOKEN"];
  return new GitHubProvider("github", {
    ...(owner !== undefined && { owner }),
    ...(token !== undefined && { token: pulumi.secret(token) }),
    ...(endpoint !== undefined && { baseUrl: `${endpoint}/` }),
  });
}

function cloudflareProvider({ endpoints: { cloudflare: endpoint } }: Settings): CloudflareProvider {
  return new CloudflareProvider("cloudflare", endpoint === undefined ? {} : { baseUrl: `${endpoint}/client/v4` });
}

import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";

import { identityToRecipient } from "age-encryption";
import { parse, stringify } from "yaml";

import { flatEndpoints } from "../../settings/endpoints.ts";
import { addressOf, layout, PROJECT_ROOT, REGIONS, type SandboxFile, SUPABASE_REGION } from "./host/layout.ts";

/** Names that only exist in the sandbox. */
export const SANDBOX_NAMES = {
  zone: "castchat.example",
  publicName: "app.castchat.example",
  /** The app's own repository, and the owner and name of its mirror. */
  repository: "castchat/castchat",
  mirrorOwner: "castchat-standby",
  mirrorRepository: "castchat-mirror",
  supabaseOrganization: "castchat",
  cloudflareAccount: "00000000000000000000000000000000",
  awsAccount: "000000000000",
} as const;

type StackName = "prod" | "dr";

/**
 * Creates a Pulumi workspace for the sandbox: the shipped program with stack files of its own, so that the shipped ones are never touched.
 * The existing content of a stack file (its encryption salt, changed settings) is kept.
 *
 * @returns the folder in which plain `pulumi` commands use the sandbox
 */
export async function prepareWorkspace(home: string, file: SandboxFile): Promise<string> {
  const folder = layout(home).workspace;
  await mkdir(folder, { recursive: true });
  await mkdir(layout(home).state, { recursive: true });
  await writeFile(join(folder, "Pulumi.yaml"), await projectFile(folder));
  for (const stack of ["prod", "dr"] as const) await writeStackFile(join(folder, `Pulumi.${stack}.yaml`), stack, file);
  return folder;
}

/** The shipped project file, with paths relative to the workspace. */
async function projectFile(folder: string): Promise<string> {
  const project = parse(await readFile(join(PROJECT_ROOT, "Pulumi.yaml"), "utf8")) as {
    main: string;
    plugins?: { providers?: { path: string }[] };
  };
  project.main = relative(folder, join(PROJECT_ROOT, project.main));
  for (const provider of project.plugins?.providers ?? []) provider.path = join(PROJECT_ROOT, provider.path);
  return stringify(project);
}

async function writeStackFile(path: string, stack: StackName, file: SandboxFile): Promise<void> {
  const before = existsSync(path)
    ? (parse(await readFile(path, "utf8")) as { config?: Record<string, unknown> } | null)
    : undefined;
  // Settings that the user has changed or removed stay so; the sandbox's addresses never change.
  if (before?.config !== undefined) return;
  const settings = {
    ...settingsOf(stack, file),
    ageRecipients: [await identityToRecipient(file.credentials.ageIdentity)],
  };
  await writeFile(path, stringify({ ...before, config: namespaced(settings) }));
}

function namespaced(settings: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(settings).map(([key, value]) => [`castchat-recovery:${key}`, value]));
}

function settingsOf(stack: StackName, file: SandboxFile): Record<string, unknown> {
  const { ports } = file;
  const primary = stack === "prod";
  return {
    role: primary ? "primary" : "standby",
    awsAccountId: SANDBOX_NAMES.awsAccount,
    awsRegion: primary ? REGIONS.primary : REGIONS.standby,
    peerAwsAccountId: SANDBOX_NAMES.awsAccount,
    peerAwsRegion: primary ? REGIONS.standby : REGIONS.primary,
    // The primary still lacks the standby's vault, as with real accounts: the standby comes up first, and its outputs are then set.
    ...(primary ? {} : { mode: "standby" }),
    apps: [
      {
        project: primary ? "castchat" : "castchat-dr",
        repository: SANDBOX_NAMES.repository,
        publicNames: [SANDBOX_NAMES.publicName],
        build: { framework: "node", nodeVersion: "24.x", functionRegion: primary ? "hnd1" : "icn1" },
        ...(primary
          ? { state: "create" }
          : { peerProject: "castchat", mirror: `${SANDBOX_NAMES.mirrorOwner}/${SANDBOX_NAMES.mirrorRepository}` }),
      },
    ],
    zoneName: SANDBOX_NAMES.zone,
    supabaseOrganization: SANDBOX_NAMES.supabaseOrganization,
    supabaseRegion: SUPABASE_REGION[primary ? "primary" : "standby"],
    ...(primary && { database: "create", dns: "create", cloudflareAccountId: SANDBOX_NAMES.cloudflareAccount }),
    disposableVault: "true",
    ...flatEndpoints({
      aws: addressOf(ports, primary ? "awsPrimary" : "awsStandby"),
      vercel: addressOf(ports, "vercel"),
      github: addressOf(ports, "github"),
      gitlab: addressOf(ports, "gitlab"),
      cloudflare: addressOf(ports, "cloudflare"),
      supabase: addressOf(ports, "supabase"),
      edge: addressOf(ports, "edge"),
      supabaseProject: `${addressOf(ports, "supabase")}/projects/{ref}`,
    }),
  };
}

import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { z } from "zod";

/** The project's root folder. */
export const PROJECT_ROOT = fileURLToPath(new URL("../../..", import.meta.url)).replace(/\/$/, "");

/** The sandbox's two regions: the primary's (Tokyo) and the standby's (Osaka). */
export const REGIONS = { primary: "ap-northeast-1", standby: "ap-northeast-3" } as const;
/** The two stacks' Supabase regions. Supabase has no Osaka; Seoul is the nearest. */
export const SUPABASE_REGION = { primary: "ap-northeast-1", standby: "ap-northeast-2" } as const;

/** The services, with one port each, all on 127.0.0.1. */
export const SERVICES = [
  "control",
  "ministack",
  "awsPrimary",
  "awsStandby",
  "vercel",
  "github",
  "gitlab",
  "cloudflare",
  "supabase",
  "edge",
] as const;
export type Service = (typeof SERVICES)[number];

const text = z.string().min(1);
const port = z.int().min(1).max(65_535);
/** The content of `sandbox.json` in the sandbox's home: created at the first start, kept until `sandbox reset`. */
export const sandboxFileSchema = z.strictObject({
  /** Process of the daemon, while it runs. */
  pid: z.int().positive().optional(),
  /** Start time of that process in clock ticks since boot (field 22 of /proc/PID/stat), so that a reused pid is not taken for it. */
  pidStartTicks: text.optional(),
  ports: z.strictObject(Object.fromEntries(SERVICES.map((service) => [service, port])) as Record<Service, typeof port>),
  /** Only the sandbox's services accept them. */
  credentials: z.strictObject({
    awsAccessKeyId: text,
    awsSecretAccessKey: text,
    vercelToken: text,
    /** Of the owner of the app's repository. */
    githubToken: text,
    /** Of the owner of the mirrors. */
    mirrorGithubToken: text,
    gitlabToken: text,
    cloudflareToken: text,
    supabaseToken: text,
    passphrase: text,
    /** Decrypts the backups of both stacks, which are encrypted to its recipient. */
    ageIdentity: text,
  }),
  /** Regions whose endpoints are disabled. */
  outages: z.array(z.string()),
});
export type SandboxFile = z.infer<typeof sandboxFileSchema>;

/** The sandbox's home: `CASTCHAT_SANDBOX_HOME`, or `.sandbox` in the project. */
export function sandboxHome(environment: NodeJS.ProcessEnv = process.env): string {
  return resolve(environment["CASTCHAT_SANDBOX_HOME"] ?? join(PROJECT_ROOT, ".sandbox"));
}

/** The paths in a sandbox's home. */
export function layout(home: string) {
  return {
    home,
    file: join(home, "sandbox.json"),
    logs: join(home, "logs"),
    aws: join(home, "aws"),
    postgres: join(home, "postgres"),
    git: join(home, "git"),
    gitlab: join(home, "gitlab"),
    emulators: join(home, "emulators"),
    deployments: join(home, "deployments"),
    /** The sandbox's Pulumi workspace. Its stack files use the sandbox; the shipped ones are never touched. */
    workspace: join(home, "workspace"),
    /** Temporary files of processes in this sandbox. */
    temporary: join(home, "tmp"),
    /** Pulumi's home, so that the engine's notes about workspaces stay out of the user's home. */
    pulumi: join(home, "pulumi"),
    /** Pulumi's state (a `file://` backend). */
    state: join(home, "state"),
  };
}

/** Address of a service of the sandbox. */
export function addressOf(ports: SandboxFile["ports"], service: Service): string {
  return `http://127.0.0.1:${ports[service]}`;
}

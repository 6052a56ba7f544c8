import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";

import { generateX25519Identity } from "age-encryption";

import { UserError } from "../../../services/common/errors.ts";
import { freePorts } from "../../../services/common/ports.ts";
import { isSameProcess } from "../../../services/common/processes.ts";
import { layout, type SandboxFile, sandboxFileSchema, type Service, SERVICES } from "./layout.ts";
import { writeWhole } from "./writeWhole.ts";

/** Reads `sandbox.json`; undefined if there is none. UserError if it is damaged. */
export function readSandboxFile(home: string): SandboxFile | undefined {
  const { file } = layout(home);
  if (!existsSync(file)) return undefined;
  const parsed = sandboxFileSchema.safeParse(parseJson(readFileSync(file, "utf8")));
  if (!parsed.success) {
    throw new UserError(
      `${file} is damaged. Run \`castchat-recovery sandbox reset\`, and then \`castchat-recovery sandbox start\`.`,
    );
  }
  return parsed.data;
}

/** Writes `sandbox.json` atomically, readable only by its owner. */
export function writeSandboxFile(home: string, content: SandboxFile): void {
  const { file } = layout(home);
  writeWhole(file, `${JSON.stringify(content, null, 2)}\n`);
}

/** The content of a new sandbox: free ports, and credentials that no other sandbox has. */
export async function newSandboxFile(): Promise<SandboxFile> {
  const free = await freePorts(SERVICES.length);
  const ports = Object.fromEntries(SERVICES.map((service, index) => [service, free[index]])) as Record<Service, number>;
  const secret = (bytes: number) => randomBytes(bytes).toString("hex");
  return {
    ports,
    credentials: {
      awsAccessKeyId: `AKIA${secret(8).toUpperCase()}`,
      awsSecretAccessKey: randomBytes(30).toString("base64"),
      vercelToken: `vercel_${secret(16)}`,
      githubToken: `github_pat_${secret(36)}`,
      mirrorGithubToken: `github_pat_${secret(36)}`,
      gitlabToken: `glpat-${secret(10)}`,
      cloudflareToken: `cf_${secret(16)}`,
      supabaseToken: `sbp_${secret(20)}`,
      passphrase: secret(16),
      ageIdentity: await generateX25519Identity(),
    },
    outages: [],
  };
}

/** Process id of the daemon that the file names, if that process still runs. */
export function runningDaemon(file: SandboxFile | undefined): number | undefined {
  if (file?.pid === undefined) return undefined;
  return isSameProcess(file.pid, file.pidStartTicks) ? file.pid : undefined;
}

/** The file's content without a daemon that has ended. */
export function withoutDaemon(file: SandboxFile): SandboxFile {
  return { ports: file.ports, credentials: file.credentials, outages: file.outages };
}

/** The daemon's list of its processes. */
export function processesFile(home: string): string {
  return `${layout(home).home}/processes.json`;
}

function parseJson(content: string): unknown {
  try {
    return JSON.parse(content) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

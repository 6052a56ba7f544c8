import { access, constants, readFile } from "node:fs/promises";
import { join } from "node:path";

import { execa } from "execa";
import { z } from "zod";

import { findPgTool } from "../postgres/programs/pgTools.ts";
import { pathFolders } from "../postgres/programs/postgresPrograms.ts";

/** The machine that the command runs on. */
export interface Machine {
  /** Pulumi's engine, by its version; undefined if it is not installed. */
  engine(signal: AbortSignal): Promise<string | undefined>;
  /** The engine's plugins for the stack's services, each with the version that the program is written for. */
  plugins(signal: AbortSignal): Promise<Plugin[]>;
  /** The version of the PostgreSQL client for a server. UserError if there is none that fits. */
  postgresClient(serverMajor: number): Promise<string>;
}

/** A plugin that the program needs. */
export interface Plugin {
  name: string;
  /** The version of its package. */
  wanted: string;
  /** Installed in that version, as a program on PATH, in other versions only, or not at all. */
  found: "installed" | "on PATH" | readonly string[];
}

/** The packages whose plugins the program starts. */
const PACKAGES = ["@pulumi/aws", "@pulumiverse/vercel", "@pulumi/github", "@pulumi/cloudflare"] as const;
const installedAnswer = z.array(z.object({ name: z.string(), kind: z.string(), version: z.string().nullish() }));
const packageFile = z.object({ dependencies: z.record(z.string(), z.string()) });

/** The real machine. `environment` is that of the command. */
export function thisMachine(environment: NodeJS.ProcessEnv): Machine {
  const pulumi = async (args: readonly string[], signal: AbortSignal) => {
    const answer = await execa("pulumi", args, {
      env: { ...environment, PULUMI_SKIP_UPDATE_CHECK: "true", NO_COLOR: "1" },
      reject: false,
      stdin: "ignore",
      cancelSignal: signal,
    });
    signal.throwIfAborted();
    return answer;
  };
  return {
    async engine(signal) {
      const { exitCode, stdout } = await pulumi(["version"], signal);
      return exitCode === 0 ? stdout.trim() : undefined;
    },
    async plugins(signal) {
      const file = await readFile(join(import.meta.dirname, "..", "..", "package.json"), "utf8");
      const { dependencies } = packageFile.parse(JSON.parse(file));
      const listed = await pulumi(["plugin", "ls", "--json"], signal);
      const installed = listed.exitCode === 0 ? installedAnswer.parse(JSON.parse(listed.stdout)) : [];
      return await Promise.all(
        PACKAGES.map(async (from) => {
          const name = from.slice(from.indexOf("/") + 1);
          const wanted = dependencies[from] ?? "";
          const versions = installed
            .filter((one) => one.kind === "resource" && one.name === name)
            .map(({ version }) => version ?? "");
          if (versions.includes(wanted)) return { name, wanted, found: "installed" as const };
          const program = `pulumi-resource-${name}`;
          return { name, wanted, found: (await isOnPath(program, environment)) ? "on PATH" : versions };
        }),
      );
    },
    postgresClient: async (serverMajor) => (await findPgTool("pg_restore", serverMajor)).version,
  };
}

async function isOnPath(program: string, environment: NodeJS.ProcessEnv): Promise<boolean> {
  for (const folder of pathFolders(environment)) {
    const found = await access(join(folder, program), constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return true;
  }
  return false;
}

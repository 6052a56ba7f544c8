import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { PROJECT_ROOT } from "../../../lab/sandbox/host/layout.ts";
import type { MiniCloud } from "./miniCloud.ts";

/** A resource of a test's program. An input `{"from": ["name", "output"]}` is another resource's output. */
export interface Declared {
  type: "SupabaseProject" | "DatabaseRestore" | "AppDeployment" | "TrafficSwitch";
  name: string;
  inputs: Record<string, unknown>;
}

export interface Ran {
  code: number | null;
  output: string;
}

const SERVICES = ["supabase", "vercel", "cloudflare", "github", "edge"] as const;

/** The program declares what spec.json says, so that a test can change it between two runs. */
const PROGRAM = `
import * as pulumi from "@pulumi/pulumi";
import { readFileSync } from "node:fs";
import { RecoveryProvider } from "${PROJECT_ROOT}/components/recovery/recoveryProvider.ts";
import { SupabaseProject } from "${PROJECT_ROOT}/components/recovery/supabaseProject.ts";
import { DatabaseRestore } from "${PROJECT_ROOT}/components/recovery/databaseRestore.ts";
import { AppDeployment } from "${PROJECT_ROOT}/components/recovery/appDeployment.ts";
import { TrafficSwitch } from "${PROJECT_ROOT}/components/recovery/trafficSwitch.ts";
const spec = JSON.parse(readFileSync(new URL("spec.json", import.meta.url), "utf8"));
const types = { SupabaseProject, DatabaseRestore, AppDeployment, TrafficSwitch };
const provider = new RecoveryProvider("recovery", spec.provider);
const made = {};
for (const { type, name, inputs } of spec.resources) {
  const resolved = Object.fromEntries(Object.entries(inputs).map(([key, value]) => [key, value?.from ? made[value.from[0]][value.from[1]] : value]));
  made[name] = new types[type](name, resolved, { provider });
}
`;

/** A Pulumi workspace with a file backend that runs the real provider against a mini cloud. */
export async function prepareWorkspace(
  cloud: MiniCloud,
  name: string,
  aws: { endpoint?: string; region: string } = { region: "ap-northeast-3" },
) {
  const folder = join(cloud.home, `workspace-${name}`);
  await mkdir(join(folder, "state"), { recursive: true });
  const plugins = { providers: [{ name: "recovery", path: join(PROJECT_ROOT, "provider") }] };
  const runtime = { name: "nodejs", options: { typescript: false } };
  const program = { name: "provider-test", main: "index.ts" };
  await writeFile(join(folder, "Pulumi.yaml"), JSON.stringify({ ...program, runtime, plugins }));
  await writeFile(join(folder, "package.json"), JSON.stringify({ ...program, type: "module" }));
  await writeFile(join(folder, "index.ts"), PROGRAM);
  const environment: NodeJS.ProcessEnv = {
    ...process.env,
    // Jest's own options are not the engine's.
    NODE_OPTIONS: "",
    PULUMI_BACKEND_URL: `file://${join(folder, "state")}`,
    PULUMI_CONFIG_PASSPHRASE: "test",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    SUPABASE_ACCESS_TOKEN: cloud.credentials.supabaseToken,
    VERCEL_API_TOKEN: cloud.credentials.vercelToken,
    CLOUDFLARE_API_TOKEN: cloud.credentials.cloudflareToken,
    GITHUB_TOKEN: cloud.credentials.githubToken,
  };
  const provider = {
    awsRegion: aws.region,
    endpoints: {
      aws: aws.endpoint,
      supabaseProject: `${cloud.address("supabase")}/projects/{ref}`,
      ...Object.fromEntries(SERVICES.map((service) => [service, cloud.address(service)])),
    },
  };

  /** Starts the engine; `ended` gives its exit code and everything that it printed. */
  function start(args: readonly string[]): { child: ChildProcess; ended: Promise<Ran>; output: () => string } {
    const child = spawn("pulumi", [...args, "--non-interactive"], {
      cwd: folder,
      env: environment,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (output += text));
    const ended = new Promise<Ran>((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", (code) => {
        // Give the last output a moment; a plugin that outlives a killed engine may keep the pipe open.
        setTimeout(() => resolve({ code, output }), 50);
      });
    });
    return { child, ended, output: () => output };
  }
  const run = (...args: string[]): Promise<Ran> => start(args).ended;
  const made = await run("stack", "init", "test");
  if (made.code !== 0) throw new Error(made.output);
  return {
    start,
    run,
    /** Sets what the program declares. */
    declare: (resources: Declared[]) => writeFile(join(folder, "spec.json"), JSON.stringify({ provider, resources })),
    up: () => run("up", "--yes", "--skip-preview", "--stack", "test"),
    preview: (...args: string[]) => run("preview", "--stack", "test", ...args),
    refresh: (...args: string[]) => run("refresh", "--yes", "--skip-preview", "--stack", "test", ...args),
    destroy: () => run("destroy", "--yes", "--skip-preview", "--stack", "test"),
    /** A resource's outputs in the state, as the engine keeps them on disk: secrets are encrypted. */
    async state(resource: string): Promise<Record<string, unknown> | undefined> {
      const text = await readFile(join(folder, "state", ".pulumi", "stacks", "provider-test", "test.json"), "utf8");
      const { checkpoint } = JSON.parse(text) as {
        checkpoint: { latest: { resources?: { urn: string; outputs?: Record<string, unknown> }[] } };
      };
      return checkpoint.latest.resources?.find(({ urn }) => urn.endsWith(`::${resource}`))?.outputs;
    },
  };
}

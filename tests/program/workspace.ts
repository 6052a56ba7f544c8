import { spawn } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { parse, stringify } from "yaml";

/** How a command ended. */
export interface Ended {
  readonly code: number | null;
  /** Standard output and standard error as they came. */
  readonly output: string;
}

/** A resource in the engine's state. */
export interface StateResource {
  readonly urn: string;
  readonly type: string;
  readonly parent?: string;
  readonly protect?: boolean;
  readonly id?: string;
  readonly inputs?: Readonly<Record<string, unknown>>;
  readonly dependencies?: string[];
}

/** The shipped program in a folder of its own, on the real engine, with stubs for every provider. */
export interface ProgramWorkspace {
  /** Runs `pulumi` for the stack. */
  pulumi(...args: string[]): Promise<Ended>;
  set(settings: Readonly<Record<string, unknown>>): Promise<void>;
  /** Every resource in the state. */
  resources(): Promise<StateResource[]>;
  dispose(): Promise<void>;
}

const ROOT = resolve(".");
const STUB = join(ROOT, "tests/program/stubProvider.mjs");

/** Makes the workspace with the shipped settings of a stack. */
export async function programWorkspace(stack: string): Promise<ProgramWorkspace> {
  const folder = await mkdtemp(join(tmpdir(), "castchat-program-"));
  const plugins = join(folder, "plugins");
  await mkdir(plugins);
  await mkdir(join(folder, "state"));
  for (const name of ["aws", "vercel", "github", "cloudflare", "recovery"]) {
    const file = join(plugins, `pulumi-resource-${name}`);
    await writeFile(file, `#!/bin/sh\nexec "${process.execPath}" "${STUB}" "$@"\n`);
    await chmod(file, 0o755);
  }
  const project = parse(await readFile(join(ROOT, "Pulumi.yaml"), "utf8")) as Record<string, unknown>;
  const shown = {
    ...project,
    main: join(ROOT, "index.ts"),
    plugins: { providers: [{ name: "recovery", path: plugins }] },
  };
  await writeFile(join(folder, "Pulumi.yaml"), stringify(shown));
  const stackFile = join(folder, `Pulumi.${stack}.yaml`);
  await writeFile(stackFile, await readFile(join(ROOT, `Pulumi.${stack}.yaml`), "utf8"));

  const environment = {
    ...process.env,
    PATH: `${plugins}:${process.env["PATH"] ?? ""}`,
    PULUMI_BACKEND_URL: `file://${join(folder, "state")}`,
    PULUMI_CONFIG_PASSPHRASE: "test",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    NO_COLOR: "1",
  };
  const pulumi = (...args: string[]): Promise<Ended> =>
    run("pulumi", [...args, "--stack", stack, "--non-interactive"], folder, environment);

  const made = await run("pulumi", ["stack", "init", stack, "--non-interactive"], folder, environment);
  if (made.code !== 0) throw new Error(`pulumi stack init failed: ${made.output}`);
  return {
    pulumi,
    async set(settings) {
      const file = parse(await readFile(stackFile, "utf8")) as { config: Record<string, unknown> };
      for (const [key, value] of Object.entries(settings)) file.config[`castchat-recovery:${key}`] = value;
      await writeFile(stackFile, stringify(file));
    },
    async resources() {
      // As the engine has written it: an engine that exports it takes two seconds.
      const { name } = project as { name: string };
      const file = join(folder, "state", ".pulumi", "stacks", name, `${stack}.json`);
      const state = JSON.parse(await readFile(file, "utf8")) as {
        checkpoint: { latest: { resources?: StateResource[] } };
      };
      return state.checkpoint.latest.resources ?? [];
    },
    dispose: () => rm(folder, { recursive: true, force: true }),
  };
}

function run(command: string, args: string[], cwd: string, env: NodeJS.ProcessEnv): Promise<Ended> {
  return new Promise((done, fail) => {
    const child = spawn(command, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    child.stdout.on("data", (text: Buffer) => (output += text.toString()));
    child.stderr.on("data", (text: Buffer) => (output += text.toString()));
    child.once("error", fail);
    child.once("close", (code) => {
      done({ code, output });
    });
  });
}

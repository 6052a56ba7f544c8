import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { PROJECT_ROOT } from "../../lab/sandbox/host/layout.ts";
import type { StateResource } from "../../recovery/pulumi/exportedState.ts";
import { copyWorkspace, writeStarter } from "../../recovery/pulumi/previewWorkspace.ts";
import { makeTestFolder } from "./folder.ts";
import { changeSettings, changeYaml } from "./shippedSettings.ts";
import { type StackKey, startStackKey } from "./stackKey.ts";

/** The output of an engine's run (both streams, without colours) and its exit code. */
export interface Run {
  code: number | null;
  text: string;
}

const STUB = join(PROJECT_ROOT, "tests/program/stubProvider.mjs");

/** A stack of the real engine in a throwaway folder, with a `file://` backend, a PULUMI_HOME and plugins of its own. */
export class TestStack {
  readonly folder: string;
  /** The environment of every run. */
  readonly environment: NodeJS.ProcessEnv;
  readonly #removeFolder: () => Promise<void>;
  readonly #key: StackKey;
  readonly #project: string;
  readonly #name: string;

  private constructor(
    folder: { path: string; remove: () => Promise<void> },
    key: StackKey,
    project: string,
    name: string,
  ) {
    this.folder = folder.path;
    this.#removeFolder = folder.remove;
    this.#key = key;
    this.#project = project;
    this.#name = name;
    this.environment = {
      // A suite's own credentials are right for the key as well.
      ...key.environment,
      ...process.env,
      PATH: [join(this.folder, "bin"), process.env["PATH"]].join(":"),
      PULUMI_HOME: join(this.folder, "home"),
      PULUMI_BACKEND_URL: `file://${join(this.folder, "state")}`,
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
      NO_COLOR: "1",
      // The language host leaves pipes and a compiler's cache behind.
      TMPDIR: join(this.folder, "tmp"),
    };
  }

  /** Creates the stack `test` of an empty program. Its folder is in the project, so that node_modules resolves. */
  static async create(pluginFolders: string[] = [], environment: NodeJS.ProcessEnv = {}): Promise<TestStack> {
    const stack = new TestStack(await makeTestFolder(), await startStackKey(), "tests", "test");
    stack.environment["PATH"] = [...pluginFolders, stack.environment["PATH"]].join(":");
    Object.assign(stack.environment, environment);
    const main = "program.cjs";
    const runtime = { name: "nodejs", options: { typescript: false } };
    await writeFile(join(stack.folder, "Pulumi.yaml"), JSON.stringify({ name: "tests", runtime, main }));
    await writeFile(join(stack.folder, "package.json"), JSON.stringify({ name: "tests", main }));
    await stack.program("");
    return await stack.#begin();
  }

  /** Creates a stack of the shipped program, with its shipped settings and a stub in place of every provider. */
  static async ofShippedProgram(name: string): Promise<TestStack> {
    const folder = await makeTestFolder();
    const { project } = await copyWorkspace(PROJECT_ROOT, name, folder.path);
    const providers = [{ name: "recovery", path: "bin" }];
    await changeYaml(join(folder.path, "Pulumi.yaml"), (file) => ({ ...file, plugins: { providers } }));
    const stack = new TestStack(folder, await startStackKey(), project, name);
    for (const one of ["aws", "vercel", "github", "cloudflare", "recovery"]) await stack.addPlugin(one, STUB);
    return await stack.#begin();
  }

  async #begin(): Promise<this> {
    for (const name of ["state", "tmp"]) await mkdir(join(this.folder, name));
    await this.must("stack", "init", this.#name, "--secrets-provider", this.#key.secretsProvider);
    return this;
  }

  /** Deletes the folder; first destroy resources outside of it. */
  async dispose(): Promise<void> {
    this.#key.stop();
    await this.#removeFolder();
  }

  /** Lets the engine find a provider's plugin, a script. */
  async addPlugin(provider: string, script: string): Promise<void> {
    await mkdir(join(this.folder, "bin"), { recursive: true });
    await writeStarter(join(this.folder, "bin", `pulumi-resource-${provider}`), script);
  }

  /** Replaces the program (CommonJS, with `pulumi` already required). */
  async program(text: string): Promise<void> {
    // The same saving as in index.ts.
    const start = `const pulumi = require("@pulumi/pulumi");\nReflect.deleteProperty(Error, "prepareStackTrace");`;
    await writeFile(join(this.folder, "program.cjs"), `${start}\n${text}\n`);
  }

  /** Changes settings of the shipped program's stack. */
  async set(settings: Readonly<Record<string, unknown>>): Promise<void> {
    await changeSettings(this.folder, this.#name, settings);
  }

  /** Starts `pulumi` with arguments. `text` says what it has printed so far. */
  start(...argv: string[]): { child: ChildProcess; text: () => string; ended: Promise<Run> } {
    const options = { cwd: this.folder, env: this.environment, timeout: 180_000 };
    const child = spawn("pulumi", ["--non-interactive", ...argv], options);
    let [stdout, stderr] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (piece: string) => (stdout += piece));
    child.stderr.setEncoding("utf8").on("data", (piece: string) => (stderr += piece));
    const text = () => stdout + stderr;
    const ended = new Promise<Run>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code) => resolve({ code, text: text() }));
      // A plugin or a language host that outlives a killed engine keeps the pipes open.
      child.once("exit", (code, signal) => signal && setTimeout(() => resolve({ code, text: text() }), 50));
    });
    return { child, text, ended };
  }

  /** Runs `pulumi` with arguments. */
  run(...argv: string[]): Promise<Run> {
    return this.start(...argv).ended;
  }

  /** Runs `pulumi`; throws unless it succeeds. */
  async must(...argv: string[]): Promise<string> {
    const { code, text } = await this.run(...argv);
    if (code !== 0) throw new Error(`pulumi ${argv.join(" ")} ended with ${code}:\n${text}`);
    return text;
  }

  /** Runs `pulumi`, which has to fail. Returns what it printed. */
  async refusal(...argv: string[]): Promise<string> {
    const { code, text } = await this.run(...argv);
    if (code === 0) throw new Error(`pulumi ${argv.join(" ")} refused nothing:\n${text}`);
    return text;
  }

  /** Runs `pulumi up`. */
  up(): Promise<string> {
    return this.must("up", "--yes", "--skip-preview");
  }

  /** Runs `pulumi destroy`. */
  destroy(): Promise<string> {
    return this.must("destroy", "--yes", "--skip-preview");
  }

  /** How many resources a preview would create, update, replace or delete, and how many stay the `same`. `--refresh` reads each one first. */
  async previewSummary(...more: "--refresh"[]): Promise<Record<string, number>> {
    const text = await this.must("preview", "--json", ...more);
    const json = text.slice(text.indexOf("{"), text.lastIndexOf("}") + 1);
    return (JSON.parse(json) as { changeSummary?: Record<string, number> }).changeSummary ?? {};
  }

  /** File in which the engine keeps the state. */
  get stateFile(): string {
    return join(this.folder, "state", ".pulumi", "stacks", this.#project, `${this.#name}.json`);
  }

  /** The state as stored on disk, with secrets as ciphertext. */
  rawState(): Promise<string> {
    return readFile(this.stateFile, "utf8");
  }

  /** The state's resources; secrets are ciphertext. */
  async resources(): Promise<StateResource[]> {
    const { checkpoint } = JSON.parse(await this.rawState()) as {
      checkpoint: { latest: { resources?: StateResource[] } };
    };
    return checkpoint.latest.resources ?? [];
  }
}

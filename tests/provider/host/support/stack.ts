import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { PROJECT_ROOT } from "../../../../lab/sandbox/host/layout.ts";

/** The output of an engine's run (both streams, without colours) and its exit code. */
export interface Run {
  code: number;
  text: string;
}

/** One resource in the exported state. */
export interface StateResource {
  urn: string;
  type: string;
  id?: string;
  inputs?: Record<string, unknown>;
  outputs?: Record<string, unknown>;
  initErrors?: string[];
}

/**
 * A stack of the real engine in a throwaway folder of the project (so that node_modules resolves), with a `file://` backend and a
 * PULUMI_HOME of its own. Plugins are found in `pluginFolders`.
 */
export class TestStack {
  readonly folder: string;
  /** The environment of every run. */
  readonly environment: NodeJS.ProcessEnv;

  private constructor(folder: string, environment: NodeJS.ProcessEnv) {
    this.folder = folder;
    this.environment = environment;
  }

  /** Creates the folder and the stack `test`. */
  static async create(pluginFolders: string[], environment: NodeJS.ProcessEnv = {}): Promise<TestStack> {
    await mkdir(join(PROJECT_ROOT, ".sandbox"), { recursive: true });
    const folder = await mkdtemp(join(PROJECT_ROOT, ".sandbox", "tests-"));
    await Promise.all([mkdir(join(folder, "state")), mkdir(join(folder, "tmp"))]);
    await writeFile(
      join(folder, "Pulumi.yaml"),
      "name: tests\nruntime: { name: nodejs, options: { typescript: false } }\nmain: program.cjs\n",
    );
    await writeFile(join(folder, "package.json"), JSON.stringify({ name: "tests", main: "program.cjs" }));
    await writeFile(join(folder, "program.cjs"), "");
    const stack = new TestStack(folder, {
      ...process.env,
      ...environment,
      PATH: [...pluginFolders, process.env["PATH"]].join(":"),
      PULUMI_HOME: join(folder, "home"),
      PULUMI_BACKEND_URL: `file://${join(folder, "state")}`,
      PULUMI_CONFIG_PASSPHRASE: "tests",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
      NO_COLOR: "1",
      // The language host leaves pipes and a compiler's cache behind.
      TMPDIR: join(folder, "tmp"),
    });
    await stack.must("stack", "init", "test");
    return stack;
  }

  /** Lets the engine find plugins in one more folder. */
  addToPath(folder: string): void {
    this.environment["PATH"] = `${folder}:${this.environment["PATH"] ?? ""}`;
  }

  /** Replaces the program (CommonJS, with `pulumi` already required). */
  async program(text: string): Promise<void> {
    await writeFile(join(this.folder, "program.cjs"), `const pulumi = require("@pulumi/pulumi");\n${text}\n`);
  }

  /** Runs `pulumi` with arguments. */
  run(...argv: string[]): Promise<Run> {
    return new Promise((resolve) => {
      const options = { cwd: this.folder, env: this.environment, timeout: 120_000, maxBuffer: 1 << 26 };
      execFile("pulumi", ["--non-interactive", ...argv], options, (error, stdout, stderr) => {
        const code = error === null ? 0 : Number(error.code);
        // If pulumi cannot be started there is no exit code.
        resolve({ code, text: Number.isNaN(code) ? (error?.message ?? "") : `${stdout}${stderr}` });
      });
    });
  }

  /** Runs `pulumi`; throws unless it succeeds. */
  async must(...argv: string[]): Promise<string> {
    const { code, text } = await this.run(...argv);
    if (code !== 0) throw new Error(`pulumi ${argv.join(" ")} ended with ${code}:\n${text}`);
    return text;
  }

  /** How many resources a preview would create, update, replace or delete, and how many stay the `same`. `--refresh` reads each one first. */
  async previewSummary(...more: "--refresh"[]): Promise<Record<string, number>> {
    const text = await this.must("preview", "--json", ...more);
    const json = text.slice(text.indexOf("{"), text.lastIndexOf("}") + 1);
    return (JSON.parse(json) as { changeSummary?: Record<string, number> }).changeSummary ?? {};
  }

  /** File in which the engine keeps the state. */
  get stateFile(): string {
    return join(this.folder, "state", ".pulumi", "stacks", "tests", "test.json");
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

  /** Deletes the folder; first destroy resources outside of it. */
  async dispose(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

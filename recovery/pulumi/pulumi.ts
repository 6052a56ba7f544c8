import type { ExecaError } from "execa";
import { z } from "zod";

import { messageOf, UserError } from "../../services/common/errors.ts";
import { NO_PULUMI, setupFault } from "./pulumiFaults.ts";
import { type Forgetting, forgetting } from "./pulumiForget.ts";
import {
  hasUnread,
  type PendingCreate,
  pendingCreatesIn,
  type PlannedCreate,
  plannedCreatesIn,
  withAdopted,
  withoutPendingCreates,
} from "./pulumiPending.ts";
import { errorsIn, type RegisteredResource, resourcesInExport } from "./pulumiResources.ts";
import { type PreviewStep, stepsIn } from "./pulumiSteps.ts";

/** The Pulumi command line for one stack. */
export interface Pulumi {
  /** Outputs in clear, secrets included. Throws UserError on a wrong passphrase or an unknown stack. */
  outputs(): Promise<Record<string, unknown>>;
  /** The stack's configuration in clear, by full key (`project:key`). Values other than text are JSON. */
  config(): Promise<Record<string, string>>;
  /** The stack's state as text; secrets stay encrypted. */
  exportState(): Promise<string>;
  /** What was being created when an engine was killed, secrets in clear. */
  pendingCreates(): Promise<PendingCreate[]>;
  /** Drops the lock of an update. Only if its owner is proven dead. */
  cancel(): Promise<void>;
  /** Takes the pending creates of these URNs into the state under an id, and drops all others. */
  settlePendingCreates(ids: ReadonlyMap<string, string>): Promise<void>;
  /** What an `up` would create, by a preview: nothing is changed. */
  plannedCreates(): Promise<PlannedCreate[]>;
  /** Takes what an `up` would create into the state, as a resource that exists under an id. */
  adopt(planned: PlannedCreate, id: string): Promise<void>;
  /** Reads adopted resources from their services, if there are any. What doesn't exist leaves the state again. */
  readAdopted(): Promise<void>;
  /** What the stack's state holds. */
  deployed(): Promise<RegisteredResource[]>;
  /** Takes resources out of the state, and protection from others. The services keep them. False if nothing changes. */
  forget(what: Forgetting): Promise<boolean>;
  /** Replaces the stack's state, as text, by the result of `change` in one step. Secrets stay encrypted. */
  rewriteState(change: (state: string) => string): Promise<void>;
  /** The steps of an `up` by a preview, with variables in the program's environment: nothing is changed. */
  steps(environment?: Record<string, string>): Promise<PreviewStep[]>;
  /** `pulumi up` of these URNs only, with variables in the program's environment. */
  upOnly(urns: readonly string[], environment?: Record<string, string>): Promise<void>;
  /** `pulumi up`, its output shown at once. Throws when it fails. */
  up(): Promise<void>;
}

/** What the command needs besides its arguments. */
export interface PulumiOptions {
  stack: string;
  /** The folder of Pulumi.yaml. */
  workspace: string;
  environment?: Record<string, string>;
  /** Receives the output of `up`. @default - the output of this process */
  onOutput?: (text: string) => void;
  signal?: AbortSignal;
}

/** One run of the command. */
interface RunOptions {
  shown?: boolean;
  input?: string;
  environment?: Record<string, string>;
}

const configuration = z.record(
  z.string(),
  z.object({ value: z.string().optional(), objectValue: z.unknown().optional() }),
);
/** The Pulumi command line, run in processes of its own. */
export function pulumiClient(options: PulumiOptions): Pulumi {
  const run = async (args: string[], { shown = false, input, environment = {} }: RunOptions = {}) => {
    const { execa, ExecaError } = await import("execa");
    try {
      const child = execa("pulumi", [...args, "--stack", options.stack, "--non-interactive"], {
        cwd: options.workspace,
        env: { ...options.environment, ...environment, NO_COLOR: "1" },
        ...(input === undefined ? { stdin: "ignore" as const } : { input }),
        ...(shown && !options.onOutput
          ? { stdout: ["pipe", "inherit"] as const, stderr: ["pipe", "inherit"] as const }
          : {}),
        ...(options.signal ? { cancelSignal: options.signal, gracefulCancel: false } : {}),
      });
      const { onOutput } = options;
      if (shown && onOutput) child.stdout.on("data", (text: Buffer) => onOutput(text.toString()));
      return (await child).stdout;
    } catch (error) {
      throw error instanceof ExecaError ? explain(error as ExecaError, options, args) : error;
    }
  };
  const rewrite = async (change: (state: string) => string) => {
    await run(["stack", "import"], { input: change(await run(["stack", "export"])) });
  };
  return {
    async outputs() {
      return z
        .record(z.string(), z.unknown())
        .parse(JSON.parse(await run(["stack", "output", "--json", "--show-secrets"])));
    },
    async config() {
      const entries = configuration.parse(JSON.parse(await run(["config", "--json", "--show-secrets"])));
      return Object.fromEntries(
        Object.entries(entries).map(([key, entry]) => [key, entry.value ?? JSON.stringify(entry.objectValue)]),
      );
    },
    exportState: () => run(["stack", "export"]),
    async pendingCreates() {
      return pendingCreatesIn(await run(["stack", "export", "--show-secrets"]));
    },
    async cancel() {
      await run(["cancel", "--yes"]);
    },
    // Not by `refresh --import-pending-creates`: that only marks them, and the refresh then drops what is marked.
    settlePendingCreates: (ids) => rewrite((state) => withoutPendingCreates(state, ids)),
    async plannedCreates() {
      return plannedCreatesIn(await run(["preview", "--json"]));
    },
    adopt: (planned, id) => rewrite((state) => withAdopted(state, planned, id)),
    async readAdopted() {
      if (!hasUnread(await run(["stack", "export"]))) return;
      // `--run-program` gives the providers today's settings; a refresh without it uses those of the last finished update.
      await run(["refresh", "--yes", "--skip-preview", "--run-program"]);
    },
    async deployed() {
      return resourcesInExport(await run(["stack", "export"]));
    },
    async forget(what) {
      const input = forgetting(await run(["stack", "export"]), what);
      if (input !== undefined) await run(["stack", "import"], { input });
      return input !== undefined;
    },
    rewriteState: rewrite,
    async steps(environment = {}) {
      return stepsIn(await run(["preview", "--json"], { environment }));
    },
    async upOnly(urns, environment = {}) {
      const targets = urns.flatMap((urn) => ["--target", urn]);
      await run(["up", "--yes", "--skip-preview", ...targets], { environment });
    },
    async up() {
      await run(["up", "--yes", "--skip-preview"], { shown: true });
    },
  };
}

/** The engine's own words as one message, whose class says whose fault it is. */
function explain(error: ExecaError, options: PulumiOptions, [command = ""]: readonly string[]): Error {
  if (error.isCanceled) return new DOMException("interrupted", "AbortError");
  if (error.code === "ENOENT") return new UserError(NO_PULUMI);
  const output = `${String(error.stdout)}\n${String(error.stderr)}`;
  const fault = setupFault(output, options);
  if (fault !== undefined) return fault;
  const refused = errorsIn(String(error.stdout));
  if (command === "preview" && refused.length > 0) return new UserError(messageOf(refused.join("\n")));
  const lines = output.split("\n").flatMap((line) => line.trim() || []);
  const errors = lines.filter((line) => line.startsWith("error:"));
  const reason = errors.length > 0 ? errors.join(" ") : lines.slice(-3).join(" ");
  const advice = output.includes("currently locked by")
    ? ` If the update that holds the lock was killed, run \`castchat-recovery resume -s ${options.stack}\`.`
    : "";
  return new Error(messageOf(`pulumi ${command} failed for stack ${options.stack}: ${reason}${advice}`), {
    cause: error,
  });
}

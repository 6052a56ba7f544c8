import { type EngineEvent, LocalWorkspace, type Stack } from "@pulumi/pulumi/automation/index.js";

import { messageOf, PromiseError } from "../../../services/common/errors.ts";

/** When the engine finished a resource, by the drill's clock. */
export interface ResourceTiming {
  type: string;
  startedAt: Date;
  finishedAt: Date;
}

/** The result of an `up`. */
export interface UpResult {
  /** Outputs in plain text, including secrets. Never print them. */
  outputs: Record<string, unknown>;
  /** Number of resources by operation (create, update, same, …). */
  changes: Partial<Record<string, number>>;
  timings: ResourceTiming[];
  /** Warnings that stay under "Diagnostics" after the `up`. */
  warnings: string[];
}

/** The settings for every run of the engine. */
export interface EngineOptions {
  /** The Pulumi workspace with the sandbox's stack files. */
  workspace: string;
  /** Addresses, credentials, backend and passphrase, as environment variables. */
  environment: Record<string, string>;
  /** Receives the engine's own output, line by line. */
  onOutput?: ((text: string) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** Opens a stack of the shipped program, and creates it if it doesn't exist. */
export async function openStack(name: string, options: EngineOptions): Promise<Stack> {
  return LocalWorkspace.createOrSelectStack(
    { stackName: name, workDir: options.workspace },
    { envVars: options.environment },
  );
}

/**
 * One `pulumi up` of the shipped program, in its own processes.
 *
 * @throws PromiseError with the engine's diagnostics, when it fails
 */
export async function up(stack: Stack, options: EngineOptions, clock: () => Date): Promise<UpResult> {
  const timings = new Map<string, ResourceTiming>();
  const diagnostics: string[] = [];
  const warnings: string[] = [];
  try {
    const result = await stack.up({
      onEvent: (event) => noteEvent(event, { timings, diagnostics, warnings }, clock),
      ...(options.onOutput ? { onOutput: options.onOutput } : {}),
      ...(options.signal ? { signal: options.signal } : {}),
      suppressProgress: true,
    });
    const outputs = Object.fromEntries(
      Object.entries(result.outputs).map(([name, output]): [string, unknown] => [name, output.value]),
    );
    return { outputs, changes: result.summary.resourceChanges ?? {}, timings: [...timings.values()], warnings };
  } catch (error) {
    throw new PromiseError(`The engine's up of stack ${stack.name} failed: ${explain(error, diagnostics)}`, {
      cause: error,
    });
  }
}

/** Notes about an update while it runs. */
interface Noted {
  timings: Map<string, ResourceTiming>;
  diagnostics: string[];
  warnings: string[];
}

function noteEvent(event: EngineEvent, { timings, diagnostics, warnings }: Noted, clock: () => Date): void {
  if (event.resourcePreEvent) {
    const { urn, type } = event.resourcePreEvent.metadata;
    timings.set(urn, { type, startedAt: clock(), finishedAt: clock() });
  }
  if (event.resOutputsEvent) {
    const timing = timings.get(event.resOutputsEvent.metadata.urn);
    if (timing) timing.finishedAt = clock();
  }
  const { severity, message = "", ephemeral } = event.diagnosticEvent ?? {};
  const plain = message.replace(/<\{%[^%]*%\}>/g, "").trim();
  if (severity === "error") diagnostics.push(plain);
  if (severity === "warning" && ephemeral !== true) warnings.push(plain.replace(/^warning: /, ""));
}

/** The diagnostics contain the cause; the Automation API's own error only repeats the command and its whole output. */
function explain(error: unknown, diagnostics: string[]): string {
  const text = diagnostics.length > 0 ? diagnostics.join(" | ") : messageOf(error);
  return messageOf(new Error(text));
}

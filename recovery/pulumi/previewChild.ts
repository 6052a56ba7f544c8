import { pathToFileURL } from "node:url";

import * as pulumi from "@pulumi/pulumi";
import { type EngineEvent, LocalWorkspace, type PulumiFn } from "@pulumi/pulumi/automation/index.js";

import { plain, type Registration, type ResourceState, withRegions } from "./pulumiResources.ts";

/** What the process is asked to preview. */
export interface PreviewOrder {
  stack: string;
  /** The Pulumi project's name. */
  project: string;
  /** The program's entry. */
  main: string;
  /** The folder of the copied project and stack files. */
  folder: string;
  /** The folder of a policy pack. @default - the preview is under no policy */
  policyPack?: string | undefined;
}

/** A policy that a resource breaks. */
export interface Violation {
  readonly policy: string;
  readonly message: string;
  /** Absent when it is about the stack as a whole. */
  readonly urn?: string;
}

/** What a preview declares, what it breaks, and why it failed, if it did. */
export interface PreviewReport extends Registration {
  readonly violations: readonly Violation[];
  readonly failure?: PreviewFailure | undefined;
}

/** Why a preview failed. */
export interface PreviewFailure {
  readonly reason: string;
  /** Whether the reason is a sentence of the program or the engine about the stack, not a fault of the preview itself. */
  readonly isRefusal: boolean;
}

/**
 * Previews a new stack on the real engine. The program is imported within the run: what it registers as it is imported belongs to that run.
 * So there is one preview a process, as a program is imported once.
 */
async function preview(
  { stack, project, main, folder, policyPack }: PreviewOrder,
  signal: AbortSignal,
): Promise<PreviewReport> {
  let config: Record<string, string> = {};
  const program: PulumiFn = async () => {
    config = { ...pulumi.runtime.allConfig() };
    const { default: declare } = (await import(pathToFileURL(main).href)) as { default: PulumiFn };
    return await declare();
  };
  const states: ResourceState[] = [];
  const violations: Violation[] = [];
  const errors: string[] = [];
  let failure: PreviewFailure | undefined;
  const onEvent = ({ resourcePreEvent, policyEvent, diagnosticEvent }: EngineEvent) => {
    if (resourcePreEvent?.metadata.new) states.push(resourcePreEvent.metadata.new);
    if (policyEvent) violations.push(violationIn(policyEvent));
    if (diagnosticEvent?.severity === "error") errors.push(plain(diagnosticEvent.message));
  };
  try {
    const made = await LocalWorkspace.createStack(
      { stackName: stack, projectName: project, program },
      { workDir: folder },
    );
    signal.throwIfAborted();
    await made.preview({ onEvent, signal, ...(policyPack !== undefined && { policyPacks: [policyPack] }) });
  } catch (error) {
    if (violations.length === 0) failure = whyFailed(errors, error);
  }
  return { config, resources: withRegions(states), violations, failure };
}

function violationIn(event: { policyName: string; message: string; resourceUrn?: string }): Violation {
  return {
    policy: event.policyName,
    // The engine puts the policy's description on a line before the violation.
    message: plain(event.message).split("\n").slice(1).join(" ") || plain(event.message),
    ...(event.resourceUrn !== undefined && event.resourceUrn !== "" && { urn: event.resourceUrn }),
  };
}

/** The engine's own errors, or those that it printed before it could send any; never its whole output. */
function whyFailed(errors: readonly string[], error: unknown): PreviewFailure {
  const said = [...new Set(errors)].filter((reason) => reason !== "preview failed");
  if (said.length > 0) return { reason: said.join("\n"), isRefusal: true };
  const text = error instanceof Error ? error.message : String(error);
  const printed = text.split("\n").filter((line) => line.startsWith("error: "));
  return { reason: printed.map(plain).join("\n") || text, isRefusal: false };
}

// The engine is asked to end, and ends its plugins. If it were killed, they would stay.
const interruption = new AbortController();
for (const name of ["SIGTERM", "disconnect"]) process.on(name, () => interruption.abort());

// The order comes as a message, the report goes back as one.
process.once("message", (order: PreviewOrder) => {
  preview(order, interruption.signal)
    .then((report) => process.send?.(report, undefined, undefined, () => process.exit(0)))
    .catch((error: unknown) => {
      process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
      process.exit(1);
    });
});

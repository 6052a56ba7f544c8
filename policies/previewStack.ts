import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { LocalWorkspace, type PulumiFn } from "@pulumi/pulumi/automation/index.js";

import { copyWorkspace } from "../recovery/pulumi/previewWorkspace.ts";
import { declaredIn, type DeclaredResource, type DeclaredStack } from "./stacks/declaredStack.ts";

/** A policy that a resource breaks. */
export interface Violation {
  readonly policy: string;
  readonly message: string;
  /** Absent when the violation concerns the whole stack. */
  readonly urn?: string;
}

/** The result of a preview: the declared resources, the violations, and any other reason for a failure. */
export interface PreviewReport extends DeclaredStack {
  readonly violations: readonly Violation[];
  readonly failure?: string;
}

/**
 * Previews a new stack with the shipped settings on the real engine, under a policy pack. Nothing is created.
 *
 * Call it once in a process: an imported program registers into the engine that imported it first.
 */
export async function previewStack(root: string, stack: string, pack: string, scratch: string): Promise<PreviewReport> {
  const folder = join(scratch, stack);
  const workspace = await copyWorkspace(root, stack, folder);
  const state = join(scratch, `${stack}-state`);
  await mkdir(state, { recursive: true });
  const { default: program } = (await import(pathToFileURL(workspace.main).href)) as { default: PulumiFn };

  const resources: DeclaredResource[] = [];
  const violations: Violation[] = [];
  const errors: string[] = [];
  const preview = await LocalWorkspace.createStack(
    { stackName: stack, projectName: workspace.project, program: async () => program() },
    {
      workDir: folder,
      envVars: { PULUMI_BACKEND_URL: pathToFileURL(state).href, PULUMI_CONFIG_PASSPHRASE: "preview" },
    },
  );
  const failure = await preview
    .preview({
      policyPacks: [pack],
      onEvent: (event) => {
        const declared = declaredIn(event);
        if (declared) resources.push(declared);
        if (event.policyEvent) violations.push(violationIn(event.policyEvent));
        if (event.diagnosticEvent?.severity === "error") errors.push(event.diagnosticEvent.message);
      },
    })
    .then(() => undefined)
    .catch((error: unknown) => whyFailed(errors, error));
  return { stack, resources, violations, ...(failure !== undefined && violations.length === 0 && { failure }) };
}

function violationIn(event: { policyName: string; message: string; resourceUrn?: string }): Violation {
  return {
    policy: event.policyName,
    // The engine prints the policy's description on a line before the violation.
    message: plain(event.message).split("\n").slice(1).join(" ") || plain(event.message),
    ...(event.resourceUrn !== undefined && event.resourceUrn !== "" && { urn: event.resourceUrn }),
  };
}

/** The engine's own errors, or those that it printed before it could send any; never its whole output. */
function whyFailed(errors: readonly string[], error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const printed = text.split("\n").filter((line) => line.startsWith("error: "));
  const reasons = (errors.length > 0 ? errors : printed).map(plain);
  return [...new Set(reasons)].filter((reason) => reason !== "preview failed").join("\n") || text;
}

/** Removes the engine's colour codes. */
function plain(text: string): string {
  return text.replace(/<\{%[^%]*%\}>/g, "").trim();
}

/** The child process's input. */
interface Order {
  root: string;
  stack: string;
  pack: string;
  scratch: string;
}

// When run as a child process: the order comes as a message, and the report returns as one.
process.once("message", (order: Order) => {
  previewStack(order.root, order.stack, order.pack, order.scratch)
    .catch((error: unknown): PreviewReport => ({
      stack: order.stack,
      resources: [],
      violations: [],
      failure: error instanceof Error ? error.message : String(error),
    }))
    .then((report) => process.send?.(report, undefined, undefined, () => process.exit(0)))
    .catch(() => process.exit(1));
});

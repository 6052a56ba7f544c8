import { pathToFileURL } from "node:url";

import * as pulumi from "@pulumi/pulumi";

import { type Registration, withRegions } from "./pulumiResources.ts";
import { RecordingMonitor } from "./recordingMonitor.ts";

/** What the process is asked to record. */
export interface RecordOrder {
  stack: string;
  /** The Pulumi project's name. */
  project: string;
  /** The program's entry. */
  main: string;
  /** The stack's configuration by full key. */
  config: Record<string, string>;
}

/**
 * Runs a program against a monitor that only takes notes, as a preview of a new stack would run it. There is one record a process, because
 * what a program registers as it is imported belongs to that run.
 */
async function record({ stack, project, main, config }: RecordOrder): Promise<Registration> {
  const monitor = new RecordingMonitor(stack, project);
  pulumi.runtime.setAllConfig(config);
  // The SDK has no other way to declare what a monitor supports. The mocks' own monitor is then replaced.
  const mocks = { newResource: () => ({ id: "", state: {} }), call: () => ({}) };
  await pulumi.runtime.setMocks(mocks, project, stack, true);
  pulumi.runtime.setMockOptions(monitor, project, stack, true);
  await pulumi.runtime.runInPulumiStack(async () => {
    const { default: declare } = (await import(pathToFileURL(main).href)) as { default: () => Promise<object> };
    return await declare();
  });
  await pulumi.runtime.disconnect();
  return { config, resources: withRegions(monitor.states) };
}

process.once("disconnect", () => process.exit(1));

// The order comes as a message, the record goes back as one. A fault ends the process, and the SDK's own text goes to standard error.
process.once("message", (order: RecordOrder) => {
  record(order)
    .then((recorded) => process.send?.(recorded, undefined, undefined, () => process.exit(0)))
    .catch((error: unknown) => {
      process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
      process.exit(1);
    });
});

import { json } from "node:stream/consumers";

import { BUILD_ORDER } from "./order.ts";
import { runBuild } from "./runBuild.ts";

/**
 * Runs the build that standard input describes (JSON) under the folder of the first argument, and reports each phase as a line of JSON.
 * Exit code 0 means success. SIGTERM stops the build with all of its processes.
 */
const controller = new AbortController();
process.once("SIGTERM", () => controller.abort(new Error("the build was stopped")));
const order = BUILD_ORDER.parse(await json(process.stdin));
const succeeded = await runBuild(
  order,
  process.argv[2] ?? "",
  (phase) => void process.stdout.write(`${JSON.stringify(phase)}\n`),
  controller.signal,
);
process.exitCode = succeeded ? 0 : 1;

import * as grpc from "@grpc/grpc-js";
import provgrpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";

import { until } from "../../services/common/polling.ts";
import { realTiming } from "../../services/common/timing.ts";
import type { ProviderDefinition } from "./definition.ts";
import { engineLog } from "./engineLog.ts";
import { RunningOperations } from "./operations.ts";
import { Provider } from "./provider.ts";
import { providerService } from "./service.ts";

/** The engine sends states of up to 400 MB (its own limit). */
const MESSAGE_LIMIT_BYTES = 400 * 1024 * 1024;

/**
 * Runs a provider plugin: listens on a free port of 127.0.0.1, prints the port as the first line on stdout, and serves
 * until the engine is done with it. The engine starts every plugin in a process group of its own, so that Ctrl-C never
 * reaches it: it gets a Cancel call, which aborts what runs. SIGINT is how the engine closes a plugin (it waits 5
 * seconds), and standard input ends when the engine dies: both stop what runs, then the process.
 */
export async function serveProvider<C, X>(
  definition: ProviderDefinition<C, X>,
  engineAddress: string | undefined = process.argv[2],
): Promise<void> {
  const running = new RunningOperations();
  const server = new grpc.Server({
    "grpc.max_receive_message_length": MESSAGE_LIMIT_BYTES,
    "grpc.max_send_message_length": MESSAGE_LIMIT_BYTES,
  });
  const provider = new Provider(definition, running, engineLog(engineAddress));
  server.addService(provgrpc.ResourceProviderService, providerService(provider));
  const port = await listen(server);

  const stop = () => {
    running.cancel();
    whenIdle(running, () => process.exit(0));
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  process.stdin.on("end", stop).on("error", stop).resume();
  process.stdout.write(`${port}\n`);
}

function listen(server: grpc.Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
      if (error === null) resolve(port);
      else reject(error);
    });
  });
}

/** Gives operations that were aborted time to end tidily (`operationsEndMs`). */
function whenIdle(running: RunningOperations, then: () => void): void {
  void until(() => running.count === 0, { everyMs: 20, limitMs: realTiming.operationsEndMs }).then(then);
}

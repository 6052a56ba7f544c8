import * as grpc from "@grpc/grpc-js";
import provgrpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";

import { until } from "../../services/common/polling.ts";
import { realTiming } from "../../services/common/timing.ts";
import type { ProviderDefinition } from "./definition.ts";
import { engineLog } from "./engineLog.ts";
import { RunningOperations } from "./operations.ts";
import { Provider } from "./provider.ts";
import { providerService } from "./service.ts";

/** The engine sends states of up to 400 MB, its own limit. */
const MESSAGE_LIMIT_BYTES = 400 * 1024 * 1024;

/**
 * Runs a provider plugin: listens on a free port of 127.0.0.1, prints the port as the first line on stdout, and serves until the engine
 * closes. The engine starts every plugin in its own process group, so Ctrl-C never reaches it. Instead the engine calls Cancel, which
 * aborts running operations. The engine closes a plugin with SIGINT and waits 5 seconds; standard input ends when the engine dies. Both
 * abort running operations and end the process.
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

/** Waits for aborted operations to end cleanly (`operationsEndMs`), because the engine kills the plugin soon after. */
function whenIdle(running: RunningOperations, then: () => void): void {
  void until(() => running.count === 0, { everyMs: 20, limitMs: realTiming.operationsEndMs }).then(then);
}

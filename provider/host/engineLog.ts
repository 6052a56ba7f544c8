import * as grpc from "@grpc/grpc-js";
import enginegrpc from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import engineproto from "@pulumi/pulumi/proto/engine_pb.js";

import { redact } from "../../services/common/errors.ts";
import { visible } from "../../services/common/visibleText.ts";

/** "progress" is shown beside a resource while the engine works on it; "warning" stays in the diagnostics of the run. */
export type LogKind = "progress" | "warning";
/** Logs a message about a resource. Resolves when the engine has it. */
export type EngineLog = (urn: string, message: string, kind: LogKind) => Promise<void>;

/**
 * A log to the engine at `address` (host:port). A message that cannot be delivered is dropped, so the outputs must also contain whatever
 * must not be lost.
 */
export function engineLog(address: string | undefined): EngineLog {
  if (address === undefined) return () => Promise.resolve();
  const client = new enginegrpc.EngineClient(address, grpc.credentials.createInsecure());
  return (urn, message, kind) => {
    const request = new engineproto.LogRequest();
    request.setSeverity(engineproto.LogSeverity[kind === "warning" ? "WARNING" : "INFO"]);
    request.setUrn(urn);
    request.setMessage(visible(redact(message)));
    request.setEphemeral(kind === "progress");
    return new Promise((resolve) => void client.log(request, () => resolve()));
  };
}

import * as grpc from "@grpc/grpc-js";
import enginegrpc from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import engineproto from "@pulumi/pulumi/proto/engine_pb.js";
import { redact } from "../../clients/errors.ts";

/** Shows a line beside a resource while the engine works on it. */
export type EngineLog = (urn: string, message: string) => void;

/** A log that goes to the engine at `address` (host:port). A line that cannot be delivered is dropped: progress is a courtesy. */
export function engineLog(address: string | undefined): EngineLog {
  if (address === undefined) return () => undefined;
  const client = new enginegrpc.EngineClient(address, grpc.credentials.createInsecure());
  return (urn, message) => {
    const request = new engineproto.LogRequest();
    request.setSeverity(engineproto.LogSeverity.INFO);
    request.setUrn(urn);
    request.setMessage(redact(message));
    request.setEphemeral(true);
    client.log(request, () => undefined);
  };
}

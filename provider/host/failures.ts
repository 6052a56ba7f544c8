import * as grpc from "@grpc/grpc-js";
import provproto from "@pulumi/pulumi/proto/provider_pb.js";
import statusproto from "@pulumi/pulumi/proto/status_pb.js";
import anyproto from "google-protobuf/google/protobuf/any_pb.js";

import { messageOf, redact } from "../../services/common/errors.ts";
import { encode, type Properties } from "./values.ts";

/**
 * Thrown by create or update when the resource exists but is not finished. The engine keeps it with these outputs and shows the reason; the
 * next `up` updates it.
 */
export class PartialCreateError extends Error {
  override readonly name = "PartialCreateError";
  readonly id: string;
  readonly outputs: object;

  constructor(id: string, outputs: object, reason: string) {
    super(reason);
    this.id = id;
    this.outputs = outputs;
  }
}

/** A single line for the user about a thrown value, without a stack or a secret. */
export function lineOf(thrown: unknown): string {
  const line = messageOf(thrown)
    .replace(/\s*\n\s*/g, " ")
    .trim();
  if (line !== "") return line;
  return thrown instanceof Error ? thrown.name : "Failed without a message.";
}

/** Turns a thrown value into a gRPC status. A partial create's status carries the resource, so that the engine keeps it. */
export function statusOf(
  thrown: unknown,
  inputs: Properties,
  secretKeys: ReadonlySet<string>,
  code: grpc.status = grpc.status.UNKNOWN,
): grpc.ServiceError {
  const details = lineOf(thrown);
  const metadata = new grpc.Metadata();
  if (thrown instanceof PartialCreateError)
    metadata.add("grpc-status-details-bin", partialState(thrown, inputs, secretKeys));
  return Object.assign(new Error(details), { code, details, metadata });
}

/** `grpc-status-details-bin`: gRPC's standard way to send structured details with an error. */
function partialState(partial: PartialCreateError, inputs: Properties, secretKeys: ReadonlySet<string>): Buffer {
  const failed = new provproto.ErrorResourceInitFailed();
  failed.setId(partial.id);
  failed.setProperties(encode({ ...inputs, ...partial.outputs }, secretKeys));
  failed.setInputs(encode(inputs, secretKeys));
  failed.setReasonsList([redact(partial.message)]);
  const packed = new anyproto.Any();
  packed.pack(failed.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
  const status = new statusproto.Status();
  status.setCode(grpc.status.UNKNOWN);
  status.setMessage(redact(partial.message));
  status.addDetails(packed);
  return Buffer.from(status.serializeBinary());
}

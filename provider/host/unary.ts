import type * as grpc from "@grpc/grpc-js";

import { statusOf } from "./failures.ts";
import type { Decoded } from "./values.ts";

/** A method of the service: one request, one answer. */
export type Unary<Request, Response> = grpc.handleUnaryCall<Request, Response>;

/** Makes a method that is none of a resource's operations. */
export function answer<Request, Response>(
  respond: (request: Request) => Response | Promise<Response>,
): Unary<Request, Response> {
  return operation((request) => ({ work: () => respond(request) }));
}

/** One request's work, and what its failure must know to keep a half-made resource. */
export interface Work<Response> {
  /** The inputs that a half-made resource is kept with. */
  inputs?: Decoded;
  /** Keys that are secret beside those of `inputs`. */
  secrets?: readonly string[] | undefined;
  work(): Response | Promise<Response>;
}

/** Makes a method whose failure becomes a gRPC status: one sentence, no stack, no secret. */
export function operation<Request, Response>(prepare: (request: Request) => Work<Response>): Unary<Request, Response> {
  return (call, callback) => {
    const prepared: Partial<Work<Response>> = {};
    const attempt = async () => {
      const ready = prepare(call.request);
      Object.assign(prepared, { inputs: ready.inputs, secrets: ready.secrets });
      return await ready.work();
    };
    attempt().then(
      (response) => {
        callback(null, response);
      },
      (thrown: unknown) => {
        const { inputs, secrets = [] } = prepared;
        callback(statusOf(thrown, inputs?.values ?? {}, new Set([...(inputs?.secretKeys ?? []), ...secrets])));
      },
    );
  };
}

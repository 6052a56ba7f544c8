import type * as grpc from "@grpc/grpc-js";

import { statusOf } from "./failures.ts";
import type { Decoded } from "./values.ts";

/** A gRPC method with one request and one response. */
export type Unary<Request, Response> = grpc.handleUnaryCall<Request, Response>;

/** Makes a method that is not a resource's operation. */
export function answer<Request, Response>(
  respond: (request: Request) => Response | Promise<Response>,
): Unary<Request, Response> {
  return operation((request) => ({ work: () => respond(request) }));
}

/** The work for one request, and what its failure needs to keep a half-made resource. */
export interface Work<Response> {
  /** The inputs with which a half-made resource is kept. */
  inputs?: Decoded;
  /** Secret keys beside those of `inputs`. */
  secrets?: readonly string[] | undefined;
  work(): Response | Promise<Response>;
}

/** Makes a method whose failure becomes a gRPC status with a single sentence, without a stack or a secret. */
export function operation<Request, Response>(prepare: (request: Request) => Work<Response>): Unary<Request, Response> {
  return (call, callback) => {
    let prepared: Work<Response> | undefined;
    const attempt = async () => {
      prepared = prepare(call.request);
      return await prepared.work();
    };
    attempt().then(
      (response) => callback(null, response),
      (thrown: unknown) => {
        const { inputs, secrets = [] } = prepared ?? {};
        callback(statusOf(thrown, inputs?.values ?? {}, new Set([...(inputs?.secretKeys ?? []), ...secrets])));
      },
    );
  };
}

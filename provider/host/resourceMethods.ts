import provproto from "@pulumi/pulumi/proto/provider_pb.js";
import emptyproto from "google-protobuf/google/protobuf/empty_pb.js";

import { UserError } from "../../services/common/errors.ts";
import { check, nameAutomatically } from "./checking.ts";
import { compare } from "./comparing.ts";
import type { State } from "./definition.ts";
import { checkResponse, diffResponse } from "./messages.ts";
import { nameOf, type Provider, typeOf } from "./provider.ts";
import { answer, operation } from "./unary.ts";
import { decode, type Decoded, encode, type Properties, UNKNOWN } from "./values.ts";

/** The gRPC methods over resources, each passed to a handler of the provider's table. */
export function resourceMethods<C, X>(provider: Provider<C, X>) {
  return {
    check: answer((request: provproto.CheckRequest) => {
      const handler = provider.handlerOf(request);
      const news = decode(request.getNews());
      const olds = decode(request.getOlds());
      const seed = request.getRandomseed_asU8();
      const named = nameAutomatically(handler.autoName, news.values, olds.values, nameOf(request), seed);
      return checkResponse(check(handler.inputs, named), news.secretKeys);
    }),

    diff: answer((request: provproto.DiffRequest) => {
      const handler = provider.handlerOf(request);
      const olds = stateOf(request.getOldInputs(), request.getOlds());
      const { replaces, changes } = compare(handler, provider.context, olds, decode(request.getNews()).values);
      return diffResponse(replaces, changes, handler.deleteBeforeReplace);
    }),

    create: operation((request: provproto.CreateRequest) => {
      const handler = provider.handlerOf(request);
      const inputs = decode(request.getProperties());
      const secretKeys = secretsOf(handler, inputs);
      const work = async () => {
        const response = new provproto.CreateResponse();
        if (request.getPreview()) {
          // In a preview, a program sees outputs that are left out as unknown.
          response.setProperties(
            encode({ ...inputs.values, ...(await foreseen(provider, request, inputs)) }, secretKeys),
          );
          return response;
        }
        const created = await provider.carryOut(request.getTimeout(), (signal) =>
          handler.create(provider.context, inputs.values, signal, provider.operationOf(request)),
        );
        response.setId(created.id);
        response.setProperties(encode({ ...inputs.values, ...created.outputs }, secretKeys));
        return response;
      };
      return { inputs, secrets: handler.secrets, work };
    }),

    read: answer(async (request: provproto.ReadRequest) => {
      const handler = provider.handlerOf(request);
      const inputs = decode(request.getInputs());
      const outputs = decode(request.getProperties());
      const isImport = Object.keys({ ...inputs.values, ...outputs.values }).length === 0;
      const last = isImport ? undefined : { inputs: inputs.values, outputs: outputs.values };
      const found = await provider.carryOut(request.getTimeout(), (signal) =>
        handler.read(provider.context, request.getId(), last, signal),
      );
      const response = new provproto.ReadResponse();
      // An empty id means to the engine that the resource is gone.
      if (found === undefined) return response;
      const secretKeys = secretsOf(handler, inputs, outputs);
      response.setId(found.id);
      response.setInputs(encode(found.inputs, secretKeys));
      response.setProperties(encode({ ...found.inputs, ...found.outputs }, secretKeys));
      return response;
    }),

    update: operation((request: provproto.UpdateRequest) => {
      const handler = provider.handlerOf(request);
      const news = decode(request.getNews());
      const olds = stateOf(request.getOldInputs(), request.getOlds());
      const secretKeys = secretsOf(handler, news);
      const work = async () => {
        const response = new provproto.UpdateResponse();
        if (request.getPreview()) {
          const moving = Object.fromEntries((handler.changesOnUpdate ?? []).map((key) => [key, UNKNOWN]));
          const known = await foreseen(provider, request, news, olds);
          response.setProperties(encode({ ...stableOutputs(olds), ...news.values, ...moving, ...known }, secretKeys));
          return response;
        }
        const apply = handler.update?.bind(handler);
        if (apply === undefined) throw new UserError(`${typeOf(request)} cannot be updated in place.`);
        const outputs = await provider.carryOut(request.getTimeout(), (signal) =>
          apply(provider.context, request.getId(), olds, news.values, signal, provider.operationOf(request)),
        );
        response.setProperties(encode({ ...news.values, ...outputs }, secretKeys));
        return response;
      };
      return { inputs: news, secrets: handler.secrets, work };
    }),

    delete: answer(async (request: provproto.DeleteRequest) => {
      const handler = provider.handlerOf(request);
      const olds = stateOf(request.getOldInputs(), request.getProperties());
      await provider.carryOut(request.getTimeout(), (signal) =>
        handler.delete(provider.context, request.getId(), olds, signal, provider.operationOf(request)),
      );
      return new emptyproto.Empty();
    }),
  };
}

type Wire = Parameters<typeof decode>[0];

/** The outputs that a handler can compute in advance; none if it has no such method, or if an input is unknown. */
async function foreseen<C, X>(
  provider: Provider<C, X>,
  request: provproto.CreateRequest | provproto.UpdateRequest,
  { values, unknownKeys }: Decoded,
  last?: State<Properties, Properties>,
): Promise<Properties> {
  const handler = provider.handlerOf(request);
  if (handler.foresee === undefined || unknownKeys.size > 0) return {};
  const foresee = handler.foresee.bind(handler);
  return await provider.running.run(request.getTimeout(), (signal) => foresee(provider.context, values, last, signal));
}

/** The last inputs and outputs, decoded. */
function stateOf(inputs: Wire, outputs: Wire): State<Properties, Properties> {
  return { inputs: decode(inputs).values, outputs: decode(outputs).values };
}

function secretsOf(handler: { secrets?: readonly string[] }, ...given: Decoded[]): Set<string> {
  return new Set([...(handler.secrets ?? []), ...given.flatMap(({ secretKeys }) => [...secretKeys])]);
}

/** Outputs that are not inputs: a preview must not show an input that the program has dropped. */
function stableOutputs(olds: State<Properties, Properties>): Properties {
  return Object.fromEntries(Object.entries(olds.outputs).filter(([key]) => !(key in olds.inputs)));
}

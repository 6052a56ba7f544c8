import type * as grpc from "@grpc/grpc-js";
import pluginproto from "@pulumi/pulumi/proto/plugin_pb.js";
import provproto from "@pulumi/pulumi/proto/provider_pb.js";
import emptyproto from "google-protobuf/google/protobuf/empty_pb.js";

import { UserError } from "../../services/common/errors.ts";
import { check } from "./checking.ts";
import { changedKeys } from "./comparing.ts";
import { checkResponse, diffResponse, failureOf } from "./messages.ts";
import { type Provider, withoutEngineKeys } from "./provider.ts";
import { resourceMethods } from "./resourceMethods.ts";
import { answer } from "./unary.ts";
import { decode, encode } from "./values.ts";

/**
 * The gRPC methods of a provider. gRPC answers the missing ones (Handshake, Parameterize, Construct, Call, List, Attach, mappings) with
 * UNIMPLEMENTED, which the engine accepts.
 */
export function providerService<C, X>(provider: Provider<C, X>): grpc.UntypedServiceImplementation {
  const { definition, running } = provider;
  return {
    ...resourceMethods(provider),

    getPluginInfo: answer(() => {
      const response = new pluginproto.PluginInfo();
      response.setVersion(definition.version);
      return response;
    }),

    getSchema: answer(() => {
      const response = new provproto.GetSchemaResponse();
      response.setSchema(JSON.stringify({ name: definition.name, version: definition.version }));
      return response;
    }),

    checkConfig: answer((request: provproto.CheckRequest) => {
      const { values, secretKeys } = decode(request.getNews());
      // Configure receives these values, so they stay text.
      return checkResponse({ values, faults: provider.checkConfiguration(values).faults }, secretKeys);
    }),

    diffConfig: answer((request: provproto.DiffRequest) => {
      const [olds, news] = [request.getOldInputs(), request.getNews()].map((side) =>
        withoutEngineKeys(decode(side).values),
      );
      // Other settings never replace existing resources.
      return diffResponse(new Set(), new Set(changedKeys(olds ?? {}, news ?? {})));
    }),

    configure: answer(async (request: provproto.ConfigureRequest) => {
      await provider.configure(decode(request.getArgs()).values);
      const response = new provproto.ConfigureResponse();
      response.setAcceptsecrets(true);
      response.setSupportspreview(true);
      return response;
    }),

    invoke: answer(async (request: provproto.InvokeRequest) => {
      const handler = definition.functions?.[request.getTok()];
      if (handler === undefined)
        throw new UserError(`Provider ${definition.name} does not implement function ${request.getTok()}.`);
      const { values, faults } = check(handler.inputs, decode(request.getArgs()).values);
      const response = new provproto.InvokeResponse();
      response.setFailuresList(faults.map(failureOf));
      if (faults.length > 0) return response;
      response.setReturn(encode(await running.run(0, (signal) => handler.invoke(provider.context, values, signal))));
      return response;
    }),

    cancel: answer(() => {
      running.cancel();
      return new emptyproto.Empty();
    }),
  };
}

import type * as grpc from "@grpc/grpc-js";
import emptyproto from "google-protobuf/google/protobuf/empty_pb.js";
import pluginproto from "@pulumi/pulumi/proto/plugin_pb.js";
import provproto from "@pulumi/pulumi/proto/provider_pb.js";
import { UserError } from "../../clients/errors.ts";
import { check, nameAutomatically, parseConfiguration } from "./checking.ts";
import type { Checked } from "./checking.ts";
import { changedKeys, compare } from "./comparing.ts";
import type { ProviderDefinition, ResourceHandler } from "./definition.ts";
import type { EngineLog } from "./engineLog.ts";
import { statusOf } from "./failures.ts";
import { checkResponse, diffResponse, failureOf } from "./messages.ts";
import type { RunningOperations } from "./operations.ts";
import { decode, encode, UNKNOWN } from "./values.ts";
import type { Decoded, Properties } from "./values.ts";

/** What the engine adds to every provider's configuration; none of it is the provider's own. */
const ENGINE_KEYS = ["version", "pluginDownloadURL", "__internal"];

type Handler<X> = ResourceHandler<X, Properties, Properties>;
type Unary<Request, Response> = grpc.handleUnaryCall<Request, Response>;

/** The gRPC methods of a provider, over its definition. Serve them with {@link serveProvider}. */
export function providerService<C, X>(
  definition: ProviderDefinition<C, X>,
  running: RunningOperations,
  log: EngineLog,
): grpc.UntypedServiceImplementation {
  let configured: { context: X } | undefined;

  function context(): X {
    if (configured === undefined) throw new UserError(`Provider ${definition.name} is used before it is configured.`);
    return configured.context;
  }

  function handlerOf(request: { getUrn(): string; getType(): string }): Handler<X> {
    const token = request.getType() === "" ? typeOf(request.getUrn()) : request.getType();
    const handler = definition.resources[token];
    if (handler === undefined)
      throw new UserError(`Provider ${definition.name} does not implement resource type ${token}.`);
    return handler;
  }

  const getPluginInfo: Unary<emptyproto.Empty, pluginproto.PluginInfo> = answer(() => {
    const response = new pluginproto.PluginInfo();
    response.setVersion(definition.version);
    return response;
  });

  const getSchema: Unary<provproto.GetSchemaRequest, provproto.GetSchemaResponse> = answer(() => {
    const response = new provproto.GetSchemaResponse();
    response.setSchema(JSON.stringify({ name: definition.name, version: definition.version }));
    return response;
  });

  const checkConfig: Unary<provproto.CheckRequest, provproto.CheckResponse> = answer((request) => {
    const news = decode(request.getNews());
    // The engine sends the configuration to Configure as it stands here: it stays text.
    return checkResponse({ values: news.values, faults: checkedConfiguration(news.values).faults }, news.secretKeys);
  });

  const diffConfig: Unary<provproto.DiffRequest, provproto.DiffResponse> = answer((request) => {
    const changed = changedKeys(decode(request.getOldInputs()).values, decode(request.getNews()).values);
    return diffResponse(new Set(), new Set(changed.filter((key) => !ENGINE_KEYS.includes(key))));
  });

  const configure: Unary<provproto.ConfigureRequest, provproto.ConfigureResponse> = answer(async (request) => {
    const { values, faults } = checkedConfiguration(decode(request.getArgs()).values);
    if (faults.length > 0)
      throw new UserError(faults.map(({ property, reason }) => `${property}: ${reason}`).join(" "));
    // `values` has passed the schema without a fault, so it is a C.
    configured = { context: await definition.context(values as C) };
    const response = new provproto.ConfigureResponse();
    response.setAcceptsecrets(true);
    response.setSupportspreview(true);
    return response;
  });

  function checkedConfiguration(values: Properties): Checked {
    const own = Object.fromEntries(Object.entries(values).filter(([key]) => !ENGINE_KEYS.includes(key)));
    return check(definition.config, parseConfiguration(definition.config, own));
  }

  const checkResource: Unary<provproto.CheckRequest, provproto.CheckResponse> = answer((request) => {
    const handler = handlerOf(request);
    const news = decode(request.getNews());
    const olds = decode(request.getOlds());
    const seed = request.getRandomseed_asU8();
    const named = nameAutomatically(handler.autoName, news.values, olds.values, nameOf(request), seed);
    return checkResponse(check(handler.inputs, named), news.secretKeys);
  });

  const diff: Unary<provproto.DiffRequest, provproto.DiffResponse> = answer((request) => {
    const handler = handlerOf(request);
    const olds = { inputs: decode(request.getOldInputs()).values, outputs: decode(request.getOlds()).values };
    const { replaces, changes } = compare(handler, context(), olds, decode(request.getNews()).values);
    return diffResponse(replaces, changes, handler.deleteBeforeReplace);
  });

  const create: Unary<provproto.CreateRequest, provproto.CreateResponse> = (call, callback) => {
    const { request } = call;
    const inputs = decode(request.getProperties());
    guarded(
      callback,
      inputs,
      () => handlerOf(request).secrets,
      async () => {
        const handler = handlerOf(request);
        const response = new provproto.CreateResponse();
        const secretKeys = secretsOf(handler, inputs);
        if (request.getPreview()) {
          response.setProperties(encode(inputs.values, secretKeys));
          return response;
        }
        const created = await running.run(request.getTimeout(), (signal) =>
          handler.create(context(), inputs.values, signal, operation(request)),
        );
        response.setId(created.id);
        response.setProperties(encode({ ...inputs.values, ...created.outputs }, secretKeys));
        return response;
      },
    );
  };

  const read: Unary<provproto.ReadRequest, provproto.ReadResponse> = (call, callback) => {
    const { request } = call;
    const inputs = decode(request.getInputs());
    const outputs = decode(request.getProperties());
    guarded(
      callback,
      inputs,
      () => handlerOf(request).secrets,
      async () => {
        const handler = handlerOf(request);
        const isImport = Object.keys(inputs.values).length === 0 && Object.keys(outputs.values).length === 0;
        const last = isImport ? undefined : { inputs: inputs.values, outputs: outputs.values };
        const found = await running.run(request.getTimeout(), (signal) =>
          handler.read(context(), request.getId(), last, signal),
        );
        const response = new provproto.ReadResponse();
        // An empty id tells the engine that the resource is gone.
        if (found === undefined) return response;
        const secretKeys = secretsOf(handler, inputs, outputs);
        response.setId(found.id);
        response.setInputs(encode(found.inputs, secretKeys));
        response.setProperties(encode({ ...found.inputs, ...found.outputs }, secretKeys));
        return response;
      },
    );
  };

  const update: Unary<provproto.UpdateRequest, provproto.UpdateResponse> = (call, callback) => {
    const { request } = call;
    const news = decode(request.getNews());
    const olds = { inputs: decode(request.getOldInputs()).values, outputs: decode(request.getOlds()).values };
    guarded(
      callback,
      news,
      () => handlerOf(request).secrets,
      async () => {
        const handler = handlerOf(request);
        const response = new provproto.UpdateResponse();
        const secretKeys = secretsOf(handler, news);
        if (request.getPreview()) {
          const moving = Object.fromEntries((handler.changesOnUpdate ?? []).map((key) => [key, UNKNOWN]));
          response.setProperties(encode({ ...stableOutputs(olds), ...news.values, ...moving }, secretKeys));
          return response;
        }
        const apply = handler.update?.bind(handler);
        if (apply === undefined) throw new UserError(`${typeOf(request.getUrn())} cannot be updated in place.`);
        const outputs = await running.run(request.getTimeout(), (signal) =>
          apply(context(), request.getId(), olds, news.values, signal, operation(request)),
        );
        response.setProperties(encode({ ...news.values, ...outputs }, secretKeys));
        return response;
      },
    );
  };

  const remove: Unary<provproto.DeleteRequest, emptyproto.Empty> = (call, callback) => {
    const { request } = call;
    const olds = { inputs: decode(request.getOldInputs()).values, outputs: decode(request.getProperties()).values };
    guarded(
      callback,
      undefined,
      () => undefined,
      async () => {
        const handler = handlerOf(request);
        await running.run(request.getTimeout(), (signal) =>
          handler.delete(context(), request.getId(), olds, signal, operation(request)),
        );
        return new emptyproto.Empty();
      },
    );
  };

  const invoke: Unary<provproto.InvokeRequest, provproto.InvokeResponse> = (call, callback) => {
    const { request } = call;
    const args = decode(request.getArgs());
    guarded(
      callback,
      args,
      () => undefined,
      async () => {
        const handler = definition.functions?.[request.getTok()];
        if (handler === undefined) {
          throw new UserError(`Provider ${definition.name} does not implement function ${request.getTok()}.`);
        }
        const { values, faults } = check(handler.inputs, args.values);
        const response = new provproto.InvokeResponse();
        response.setFailuresList(faults.map(failureOf));
        if (faults.length > 0) return response;
        const result = await running.run(0, (signal) => handler.invoke(context(), values, signal));
        response.setReturn(encode(result));
        return response;
      },
    );
  };

  const cancel: Unary<emptyproto.Empty, emptyproto.Empty> = answer(() => {
    running.cancel();
    return new emptyproto.Empty();
  });

  function operation(request: { getUrn(): string; getName(): string }) {
    const urn = request.getUrn();
    return { name: nameOf(request), urn, report: (message: string) => log(urn, message) };
  }

  return {
    getPluginInfo,
    getSchema,
    checkConfig,
    diffConfig,
    configure,
    check: checkResource,
    diff,
    create,
    read,
    update,
    delete: remove,
    invoke,
    cancel,
  };
}

/** A method that is none of a resource's operations. */
function answer<Request, Response>(
  respond: (request: Request) => Response | Promise<Response>,
): Unary<Request, Response> {
  return (call, callback) =>
    guarded(
      callback,
      undefined,
      () => undefined,
      async () => await respond(call.request),
    );
}

/** Answers with the work's result, or with its error as a gRPC status: one sentence, no stack, no secret. */
function guarded<Response>(
  callback: grpc.sendUnaryData<Response>,
  inputs: Decoded | undefined,
  secrets: () => readonly string[] | undefined,
  work: () => Promise<Response>,
): void {
  const attempt = async () => await work();
  attempt().then(
    (response) => callback(null, response),
    (thrown: unknown) => {
      const secretKeys = new Set([...(inputs?.secretKeys ?? []), ...(secrets() ?? [])]);
      callback(statusOf(thrown, inputs?.values ?? {}, secretKeys));
    },
  );
}

function secretsOf(handler: { secrets?: readonly string[] }, ...given: Decoded[]): Set<string> {
  return new Set([...(handler.secrets ?? []), ...given.flatMap(({ secretKeys }) => [...secretKeys])]);
}

/** Outputs that are no inputs: an input that the program drops must not live on in a preview. */
function stableOutputs(olds: { inputs: Properties; outputs: Properties }): Properties {
  return Object.fromEntries(Object.entries(olds.outputs).filter(([key]) => !(key in olds.inputs)));
}

/** `urn:pulumi:STACK::PROJECT::PARENT$TYPE::NAME` */
function typeOf(urn: string): string {
  return urn.split("::")[2]?.split("$").at(-1) ?? urn;
}

function nameOf(request: { getUrn(): string; getName(): string }): string {
  return request.getName() === "" ? request.getUrn().split("::").slice(3).join("::") : request.getName();
}

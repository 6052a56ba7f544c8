import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";

import * as grpc from "@grpc/grpc-js";
import provgrpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import provproto from "@pulumi/pulumi/proto/provider_pb.js";

import { decode, encode, type Properties } from "../../../../provider/host/values.ts";

type Answer<T> = (error: grpc.ServiceError | null, answer: T) => void;

/** Talks to a plugin as the engine does, without the engine. */
export class PluginClient {
  readonly process: ChildProcessWithoutNullStreams;
  readonly #client: InstanceType<typeof provgrpc.ResourceProviderClient>;

  private constructor(process: ChildProcessWithoutNullStreams, port: string) {
    this.process = process;
    const credentials = grpc.credentials.createInsecure();
    this.#client = new provgrpc.ResourceProviderClient(`127.0.0.1:${port}`, credentials);
  }

  /** Starts a plugin and reads its port off its first line. */
  static async start(command: string[], environment: NodeJS.ProcessEnv = process.env): Promise<PluginClient> {
    const child = spawn(command[0] ?? "", command.slice(1), { env: environment });
    const [line] = (await once(child.stdout, "data")) as [Buffer];
    return new PluginClient(child, line.toString().trim());
  }

  /** Configures the provider. */
  async configure(args: Properties): Promise<void> {
    const request = new provproto.ConfigureRequest();
    request.setArgs(encode(args));
    await call<provproto.ConfigureResponse>((done) => this.#client.configure(request, done));
  }

  /** Checks inputs: the checked values, and each fault as `property: reason`. */
  async check(type: string, news: Properties, olds: Properties = {}) {
    const request = new provproto.CheckRequest();
    request.setUrn(`urn:pulumi:s::p::${type}::name`);
    request.setNews(encode(news));
    request.setOlds(encode(olds));
    const answer = await call<provproto.CheckResponse>((done) => this.#client.check(request, done));
    const faults = answer.getFailuresList().map((fault) => `${fault.getProperty()}: ${fault.getReason()}`);
    return { inputs: decode(answer.getInputs()), faults };
  }

  /** Compares inputs: keys that change, and those of them that replace. */
  async diff(type: string, olds: Properties, news: Properties) {
    const request = new provproto.DiffRequest();
    request.setUrn(`urn:pulumi:s::p::${type}::name`);
    request.setOldInputs(encode(olds));
    request.setOlds(encode(olds));
    request.setNews(encode(news));
    const answer = await call<provproto.DiffResponse>((done) => this.#client.diff(request, done));
    return { changes: answer.getDiffsList().sort(), replaces: answer.getReplacesList().sort() };
  }

  /** Creates; with `preview` nothing is created. */
  async create(type: string, inputs: Properties, preview = false, timeoutSeconds = 0) {
    const request = new provproto.CreateRequest();
    request.setUrn(`urn:pulumi:s::p::${type}::name`);
    request.setProperties(encode(inputs));
    request.setPreview(preview);
    request.setTimeout(timeoutSeconds);
    const answer = await call<provproto.CreateResponse>((done) => this.#client.create(request, done));
    return { id: answer.getId(), outputs: decode(answer.getProperties()) };
  }

  /** Updates; with `preview` nothing is changed. */
  async update(type: string, olds: { inputs: Properties; outputs: Properties }, news: Properties, preview = false) {
    const request = new provproto.UpdateRequest();
    request.setUrn(`urn:pulumi:s::p::${type}::name`);
    request.setOldInputs(encode(olds.inputs));
    request.setOlds(encode(olds.outputs));
    request.setNews(encode(news));
    request.setPreview(preview);
    const answer = await call<provproto.UpdateResponse>((done) => this.#client.update(request, done));
    return decode(answer.getProperties());
  }

  /** Closes the connection as the engine does, with SIGINT. Returns the exit code. */
  async close(): Promise<number | null> {
    this.#client.close();
    if (this.process.exitCode !== null) return this.process.exitCode;
    const exit = once(this.process, "exit") as Promise<[number | null]>;
    this.process.kill("SIGINT");
    return (await exit)[0];
  }
}

function call<T>(start: (done: Answer<T>) => unknown): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, answer) => {
      if (error === null) resolve(answer);
      else reject(new Error(error.details));
    });
  });
}

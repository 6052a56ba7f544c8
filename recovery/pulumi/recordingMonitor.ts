import provproto from "@pulumi/pulumi/proto/provider_pb.js";
import resproto from "@pulumi/pulumi/proto/resource_pb.js";
import structproto from "google-protobuf/google/protobuf/struct_pb.js";

import type { ResourceState } from "./pulumiResources.ts";
import { type Properties, standInAnswer, standInOutputs } from "./standInValues.ts";

/** How gRPC methods answer. */
type Callback<T> = (error: Error | null, response?: T) => void;

/** Marks a wrapped value in what the SDK sends, and a secret among those. Source: pulumi/pulumi, sdk/nodejs/runtime/rpc.ts. */
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";
const STACK = "pulumi:pulumi:Stack";

/**
 * Takes the place of the engine's monitor: it notes every resource as the SDK registers it, and answers with the program's own inputs and
 * with stand-ins for what only an update can know. So it sees the policies and settings that a preview calls unknown.
 */
export class RecordingMonitor {
  readonly states: ResourceState[] = [];
  readonly #stack: string;
  readonly #project: string;

  constructor(stack: string, project: string) {
    this.#stack = stack;
    this.#project = project;
  }

  registerResource(
    request: resproto.RegisterResourceRequest,
    callback: Callback<resproto.RegisterResourceResponse>,
  ): void {
    const [type, name] = [request.getType(), request.getName()];
    const inputs = (request.getObject()?.toJavaScript() ?? {}) as Properties;
    const urn = this.#urnOf(request.getParent(), type, name);
    this.states.push({ urn, type, inputs: withoutSecrets(inputs) as Properties, provider: request.getProvider() });
    const response = new resproto.RegisterResourceResponse();
    const { id, ...computed } = request.getCustom() ? standInOutputs(type, name, inputs) : {};
    const outputs = { ...inputs, ...computed };
    response.setUrn(urn);
    if (typeof id === "string") response.setId(id);
    response.setObject(struct(outputs));
    callback(null, response);
  }

  invoke(request: resproto.ResourceInvokeRequest, callback: Callback<provproto.InvokeResponse>): void {
    const answer = standInAnswer(request.getTok());
    if (answer === undefined) {
      callback(new Error(`A new stack can't know the answer to ${request.getTok()}.`));
      return;
    }
    const response = new provproto.InvokeResponse();
    response.setReturn(struct(answer));
    callback(null, response);
  }

  readResource(request: resproto.ReadResourceRequest, callback: Callback<never>): void {
    callback(new Error(`A new stack can't read ${request.getName()}.`));
  }

  registerResourceOutputs(_request: unknown, callback: Callback<object>): void {
    callback(null, {});
  }

  registerPackage(_request: unknown, callback: Callback<resproto.RegisterPackageResponse>): void {
    callback(null, new resproto.RegisterPackageResponse());
  }

  /** All but outputs as inputs, which would hide the inputs' values from this monitor. */
  supportsFeature(request: resproto.SupportsFeatureRequest, callback: Callback<object>): void {
    callback(null, { getHassupport: () => request.getId() !== "outputValues" });
  }

  /** As the engine makes it: the types of all parents but the stack's, joined. */
  #urnOf(parent: string, type: string, name: string): string {
    const above = parent.split("::")[2] ?? "";
    const qualified = above === "" || above === STACK ? type : `${above}$${type}`;
    return [`urn:pulumi:${this.#stack}`, this.#project, qualified, name].join("::");
  }
}

function struct(values: Properties): structproto.Struct {
  return structproto.Struct.fromJavaScript(values as Parameters<typeof structproto.Struct.fromJavaScript>[0]);
}

/** Secrets as the engine's events show them. */
function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (typeof value !== "object" || value === null) return value;
  if ((value as Properties)[SIGNATURE] === SECRET) return { [SIGNATURE]: SECRET, ciphertext: "[secret]" };
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, withoutSecrets(one)]));
}

import { awsRequest, type AwsService } from "./awsRequest.ts";

/** Where a service of AWS's JSON protocol answers, and who asks. */
export interface JsonServiceOptions extends AwsService {
  /** What the operation's name follows in X-Amz-Target, with the dot. */
  target: string;
  /** @default "1.1" */
  version?: "1.0" | "1.1";
}

/** A service without an SDK client in this project: one signed POST an operation, by AWS's JSON protocol. */
export class JsonService {
  readonly #options: JsonServiceOptions;

  constructor(options: JsonServiceOptions) {
    this.#options = options;
  }

  /** The operation's answer. Errors carry the service's name for them, as the SDK's do. */
  async call<T>(operation: string, input: object, signal?: AbortSignal): Promise<T> {
    const { target, version = "1.1" } = this.#options;
    const answer = await awsRequest(this.#options, {
      method: "POST",
      path: "/",
      body: JSON.stringify(input),
      headers: { "content-type": `application/x-amz-json-${version}`, "x-amz-target": `${target}${operation}` },
      signal,
    });
    return answer as T;
  }
}

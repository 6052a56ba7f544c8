import { createHash, createHmac } from "node:crypto";

/** Where a service of AWS's JSON protocol answers, and who asks. */
export interface JsonServiceOptions {
  /** Name that requests are signed for. */
  service: string;
  /** What the operation's name follows in X-Amz-Target, with the dot. */
  target: string;
  region: string;
  endpoint: string;
  credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
}

/** A service without an SDK client in this project: one signed POST an operation, by AWS's JSON 1.1 protocol. */
export class JsonService {
  readonly #options: JsonServiceOptions;

  constructor(options: JsonServiceOptions) {
    this.#options = options;
  }

  /** The operation's answer. Errors carry the service's name for them, as the SDK's do. */
  async call<T>(operation: string, input: object, signal?: AbortSignal): Promise<T> {
    const body = JSON.stringify(input);
    const response = await fetch(this.#options.endpoint, {
      method: "POST",
      headers: this.#signed(operation, body, new Date()),
      body,
      signal: signal ?? AbortSignal.timeout(60_000),
    });
    const answer = (await response.json()) as { __type?: string; message?: string; Message?: string };
    if (!response.ok) {
      const message = answer.message ?? answer.Message ?? `${operation} answered ${response.status}`;
      throw Object.assign(new Error(message), { name: answer.__type?.split("#").at(-1) ?? "Error" });
    }
    return answer as T;
  }

  /** AWS: "Create a signed AWS API request", for a POST to the root without a query. */
  #signed(operation: string, body: string, now: Date): Record<string, string> {
    const { service, target, region, endpoint, credentials } = this.#options;
    const time = now.toISOString().replace(/[-:]|\.\d{3}/g, "");
    const headers: Record<string, string> = {
      "content-type": "application/x-amz-json-1.1",
      host: new URL(endpoint).host,
      "x-amz-date": time,
      ...(credentials.sessionToken !== undefined && { "x-amz-security-token": credentials.sessionToken }),
      "x-amz-target": `${target}${operation}`,
    };
    const names = Object.keys(headers);
    const lines = names.map((name) => `${name}:${headers[name]}\n`).join("");
    const canonical = ["POST", "/", "", lines, names.join(";"), sha256(body)].join("\n");
    const scope = [time.slice(0, 8), region, service, "aws4_request"];
    const toSign = ["AWS4-HMAC-SHA256", time, scope.join("/"), sha256(canonical)].join("\n");
    const key = scope.reduce<Buffer>(hmac, Buffer.from(`AWS4${credentials.secretAccessKey}`));
    const signature = hmac(key, toSign).toString("hex");
    const authorization = `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope.join("/")}, SignedHeaders=${names.join(";")}, Signature=${signature}`;
    return { ...headers, authorization };
  }
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

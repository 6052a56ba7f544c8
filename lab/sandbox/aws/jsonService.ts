import { createHash, createHmac } from "node:crypto";

/** An AWS service without an SDK client in the sandbox, and the caller's credentials. */
export interface JsonServiceOptions {
  /** Service name in signatures. */
  service: string;
  region: string;
  /** Address without a path. */
  endpoint: string;
  credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string | undefined };
  /** Prefix of the operation's name in X-Amz-Target, with the dot. */
  target: string;
}

const TIMEOUT_MS = 60_000;

/** A service's refusal. `name` is the service's name for the error, as in the SDK's errors. */
class AwsError extends Error {
  constructor(name: string, message: string) {
    super(message);
    this.name = name;
  }
}

/** CloudTrail or CloudWatch Logs: each operation is a signed POST in AWS's JSON protocol. */
export class JsonService {
  readonly #options: JsonServiceOptions;

  constructor(options: JsonServiceOptions) {
    this.#options = options;
  }

  /**
   * The operation's answer; `{}` if the service returns none.
   *
   * @throws AwsError for an answer that is an error; fetch's own errors if the service can't be reached
   */
  async call<T>(operation: string, input: object): Promise<T> {
    const { service, endpoint } = this.#options;
    const body = JSON.stringify(input);
    const response = await fetch(`${endpoint}/`, {
      method: "POST",
      headers: signed(this.#options, operation, body, new Date()),
      body,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const text = await response.text();
    const answer = (text === "" ? {} : JSON.parse(text)) as { __type?: string; message?: string; Message?: string };
    if (response.ok) return answer as T;
    const name = answer.__type ?? response.headers.get("x-amzn-errortype") ?? "Error";
    const message = answer.message ?? answer.Message ?? `${service} answered ${response.status}`;
    throw new AwsError(name.split("#").at(-1)?.split(":")[0] ?? name, message);
  }
}

/** AWS: "Create a signed AWS API request" (Signature Version 4). */
function signed(
  { service, region, endpoint, credentials, target }: JsonServiceOptions,
  operation: string,
  body: string,
  now: Date,
): Record<string, string> {
  const time = now.toISOString().replace(/[-:]|\.\d{3}/g, "");
  const all: Record<string, string> = {
    "content-type": "application/x-amz-json-1.1",
    host: new URL(endpoint).host,
    "x-amz-date": time,
    "x-amz-target": `${target}${operation}`,
    ...(credentials.sessionToken !== undefined && { "x-amz-security-token": credentials.sessionToken }),
  };
  const names = Object.keys(all).sort();
  const lines = names.map((name) => `${name}:${all[name]}\n`).join("");
  const canonical = ["POST", "/", "", lines, names.join(";"), sha256(body)].join("\n");
  const scope = [time.slice(0, 8), region, service, "aws4_request"];
  const toSign = ["AWS4-HMAC-SHA256", time, scope.join("/"), sha256(canonical)].join("\n");
  const key = scope.reduce<Buffer>(hmac, Buffer.from(`AWS4${credentials.secretAccessKey}`));
  const signature = hmac(key, toSign).toString("hex");
  const authorization = `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope.join("/")}, SignedHeaders=${names.join(";")}, Signature=${signature}`;
  return { ...all, authorization };
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

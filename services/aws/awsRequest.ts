import { createHash, createHmac } from "node:crypto";

/** Keys to AWS: a user's or a session's. */
export interface AwsCredentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string | undefined;
}

/** A service of AWS in a region that this project has no SDK client for. */
export interface AwsService {
  /** Name that requests are signed for. */
  service: string;
  region: string;
  /** Address without a path. */
  endpoint: string;
  credentials: AwsCredentials;
}

/** One request. */
export interface AwsRequest {
  method: "GET" | "POST" | "PUT" | "DELETE";
  /** With the leading slash; every segment encoded as in an address. */
  path: string;
  /** Query without the question mark, names sorted and encoded. */
  query?: string;
  body?: string;
  headers?: Readonly<Record<string, string>>;
  signal?: AbortSignal | undefined;
}

const TIMEOUT_MS = 60_000;

/** What a service said no with. `name` is the service's own name for the error, as the SDK's errors have it. */
class AwsError extends Error {
  /** HTTP status. */
  readonly status: number;

  constructor(name: string, message: string, status: number) {
    super(message);
    this.name = name;
    this.status = status;
  }
}

/**
 * Sends one signed request to a service that answers with JSON, and gives back its answer; `{}` where it says nothing.
 *
 * @throws AwsError for an answer that is an error; fetch's own errors where the service can't be reached
 */
export async function awsRequest(service: AwsService, request: AwsRequest): Promise<unknown> {
  const { method, path, query = "", body = "" } = request;
  const response = await fetch(`${service.endpoint}${path}${query === "" ? "" : `?${query}`}`, {
    method,
    headers: signed(service, request, new Date()),
    ...(body !== "" && { body }),
    signal: request.signal ?? AbortSignal.timeout(TIMEOUT_MS),
  });
  const text = await response.text();
  const answer = (text === "" ? {} : JSON.parse(text)) as { __type?: string; message?: string; Message?: string };
  if (response.ok) return answer;
  const name = answer.__type ?? response.headers.get("x-amzn-errortype") ?? "Error";
  const message = answer.message ?? answer.Message ?? `${service.service} answered ${response.status}`;
  throw new AwsError(name.split("#").at(-1)?.split(":")[0] ?? name, message, response.status);
}

/** AWS: "Create a signed AWS API request" (Signature Version 4). */
function signed(
  { service, region, endpoint, credentials }: AwsService,
  { method, path, query = "", body = "", headers: given = {} }: AwsRequest,
  now: Date,
): Record<string, string> {
  const time = now.toISOString().replace(/[-:]|\.\d{3}/g, "");
  const all: Record<string, string> = {
    ...given,
    host: new URL(endpoint).host,
    "x-amz-date": time,
    ...(credentials.sessionToken !== undefined && { "x-amz-security-token": credentials.sessionToken }),
  };
  const names = Object.keys(all).sort();
  const lines = names.map((name) => `${name}:${all[name]}\n`).join("");
  // Every service but S3 encodes the path once more.
  const encoded = path.split("/").map(encodeURIComponent).join("/");
  const canonical = [method, encoded, query, lines, names.join(";"), sha256(body)].join("\n");
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

import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

/** A request's AWS signature, version 4, in its header or (presigned) in its query. */
export interface Signature {
  accessKeyId: string;
  /** `YYYYMMDD` of the credential's scope. */
  day: string;
  region: string;
  service: string;
  signedHeaders: string[];
  signature: string;
  /** `YYYYMMDDTHHMMSSZ`. */
  time: string;
  presigned: boolean;
  /** Validity of a presigned address, in seconds. */
  expires?: number;
}

/** The parts of a request that its signature covers. `path` and `query` are as sent, `query` without the question mark. */
export interface SignedRequest {
  method: string;
  path: string;
  query: string;
  headers: IncomingHttpHeaders;
}

const ALGORITHM = "AWS4-HMAC-SHA256";
/** AWS refuses requests whose time differs more than this from its clock. */
const MAXIMUM_SKEW_MS = 15 * 60 * 1000;

/** Reads a request's signature; undefined if it has none, or one of another kind. */
export function readSignature(request: SignedRequest): Signature | undefined {
  const header = request.headers.authorization;
  if (header !== undefined) return readHeader(header, request.headers);
  const query = new URLSearchParams(request.query);
  if (query.get("X-Amz-Algorithm") !== ALGORITHM) return undefined;
  return assemble(
    query.get("X-Amz-Credential"),
    query.get("X-Amz-SignedHeaders"),
    query.get("X-Amz-Signature"),
    query.get("X-Amz-Date"),
    {
      presigned: true,
      expires: Number(query.get("X-Amz-Expires") ?? "0"),
    },
  );
}

/** Whether the payload's hash must be calculated from the body, because the client hasn't sent it in a header. */
export function needsBody(signature: Signature, headers: IncomingHttpHeaders): boolean {
  return !signature.presigned && headers["x-amz-content-sha256"] === undefined;
}

/**
 * Whether `secret` signed this request (AWS: "Create a signed AWS API request"). `body` is only used if `needsBody` is true. The chunk
 * signatures of an aws-chunked body are not checked.
 */
export function isSignedWith(secret: string, signature: Signature, request: SignedRequest, body: Buffer): boolean {
  const scope = `${signature.day}/${signature.region}/${signature.service}/aws4_request`;
  const toSign = [ALGORITHM, signature.time, scope, sha256(canonicalRequest(signature, request, body))].join("\n");
  const key = [signature.day, signature.region, signature.service, "aws4_request"].reduce<Buffer>(
    (derived, part) => hmac(derived, part),
    Buffer.from(`AWS4${secret}`),
  );
  const expected = hmac(key, toSign);
  const given = Buffer.from(signature.signature, "hex");
  return given.length === expected.length && timingSafeEqual(given, expected);
}

/** Whether a request's time is too far from `now`, or a presigned address has expired. */
export function isOutOfTime(signature: Signature, now: Date): boolean {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(signature.time);
  if (match === null || !signature.time.startsWith(signature.day)) return true;
  const signedAt = Date.parse(`${match[1]}-${match[2]}-${match[3]}T${match[4]}:${match[5]}:${match[6]}Z`);
  const age = now.getTime() - signedAt;
  if (signature.presigned) return age < -MAXIMUM_SKEW_MS || age > (signature.expires ?? 0) * 1000;
  return Math.abs(age) > MAXIMUM_SKEW_MS;
}

function readHeader(header: string, headers: IncomingHttpHeaders): Signature | undefined {
  if (!header.startsWith(`${ALGORITHM} `)) return undefined;
  const fields = new Map(
    header
      .slice(ALGORITHM.length + 1)
      .split(",")
      .map((part) => part.trim().split("=", 2) as [string, string]),
  );
  const time = headers["x-amz-date"];
  return assemble(
    fields.get("Credential") ?? null,
    fields.get("SignedHeaders") ?? null,
    fields.get("Signature") ?? null,
    typeof time === "string" ? time : null,
    { presigned: false },
  );
}

function assemble(
  credential: string | null,
  signedHeaders: string | null,
  signature: string | null,
  time: string | null,
  rest: { presigned: boolean; expires?: number },
): Signature | undefined {
  if (credential === null || signedHeaders === null || signature === null || time === null) return undefined;
  const [accessKeyId, day, region, service, end, ...more] = credential.split("/");
  if (!accessKeyId || !day || !region || !service || end !== "aws4_request" || more.length > 0) return undefined;
  return { accessKeyId, day, region, service, signedHeaders: signedHeaders.split(";"), signature, time, ...rest };
}

function canonicalRequest(signature: Signature, request: SignedRequest, body: Buffer): string {
  const headers = signature.signedHeaders.map((name) => `${name}:${headerValue(request.headers, name)}\n`).join("");
  const hash = request.headers["x-amz-content-sha256"];
  const payload = signature.presigned ? "UNSIGNED-PAYLOAD" : typeof hash === "string" ? hash : sha256(body);
  return [
    request.method,
    // S3 signs the path as it is sent; every other service encodes it again.
    signature.service === "s3" ? request.path : request.path.split("/").map(encode).join("/"),
    canonicalQuery(request.query),
    headers,
    signature.signedHeaders.join(";"),
    payload,
  ].join("\n");
}

function canonicalQuery(query: string): string {
  return query
    .split("&")
    .filter((part) => part !== "")
    .map((part) => {
      const separator = part.indexOf("=");
      const [name, value] = separator < 0 ? [part, ""] : [part.slice(0, separator), part.slice(separator + 1)];
      return [encode(decodeURIComponent(name)), encode(decodeURIComponent(value))] as const;
    })
    .filter(([name]) => name !== "X-Amz-Signature")
    .sort(([nameA, valueA], [nameB, valueB]) => compare(nameA, nameB) || compare(valueA, valueB))
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
}

function headerValue(headers: IncomingHttpHeaders, name: string): string {
  const value = headers[name];
  const text = Array.isArray(value) ? value.join(",") : (value ?? "");
  return text.trim().replace(/ +/g, " ");
}

/** Compares bytes, as signatures require, not by language. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}

function sha256(data: string | Buffer): string {
  return createHash("sha256").update(data).digest("hex");
}

function hmac(key: Buffer, data: string): Buffer {
  return createHmac("sha256", key).update(data).digest();
}

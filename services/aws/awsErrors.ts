import { messageOf, UserError } from "../common/errors.ts";

/** Which service was spoken to, for messages. */
export interface AwsCall {
  /** "S3" or "KMS". */
  service: string;
  region: string;
  endpoint?: string | undefined;
  /** What was worked on, e.g. `the vault bucket "x"`. */
  subject: string;
}

const NETWORK_CODES = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EPIPE",
  "TimeoutError",
  "NetworkingError",
  "ERR_STREAM_PREMATURE_CLOSE",
]);

const expired = ({ service, region }: AwsCall) =>
  `The AWS credentials for ${service} in ${region} have expired: get new ones, and run the same command again.`;

const wrongSecret = ({ service, region }: AwsCall) =>
  `${service} in ${region} refuses the AWS secret key: correct AWS_SECRET_ACCESS_KEY.`;

/** What AWS says where the time of a request is too far from its own. */
export const SKEW_CODES: ReadonlySet<string> = new Set([
  "RequestTimeTooSkewed",
  "RequestInTheFuture",
  "RequestExpired",
]);

/** What S3 and services like it say where there is no room; by their HTTP status also without a name. */
const FULL_CODES = new Set(["InsufficientStorage", "QuotaExceeded", "XMinioStorageFull", "XAmzStorageFull"]);
const HTTP_INSUFFICIENT_STORAGE = 507;

/** One sentence a cause, by the name that AWS gives it. `call` says what was worked on. */
const SENTENCES: Readonly<Record<string, (call: AwsCall) => string>> = {
  NoSuchBucket: ({ subject, region }) =>
    `There is no ${subject.replace(/^the /, "")} in ${region}: run "pulumi up" for its stack, or correct the name.`,
  PermanentRedirect: ({ subject, region }) => `${capital(subject)} is not in ${region}: correct the region.`,
  AuthorizationHeaderMalformed: ({ subject, region }) => `${capital(subject)} is not in ${region}: correct the region.`,
  InvalidAccessKeyId: ({ service, region }) =>
    `${service} in ${region} does not know the AWS access key: correct AWS_ACCESS_KEY_ID.`,
  UnrecognizedClientException: ({ service, region }) =>
    `${service} in ${region} does not know the AWS access key: correct AWS_ACCESS_KEY_ID.`,
  InvalidClientTokenId: ({ service, region }) =>
    `${service} in ${region} does not know the AWS access key: correct AWS_ACCESS_KEY_ID.`,
  SignatureDoesNotMatch: wrongSecret,
  InvalidSignatureException: wrongSecret,
  ExpiredToken: expired,
  ExpiredTokenException: expired,
  TokenRefreshRequired: expired,
  InvalidToken: ({ service, region }) =>
    `${service} in ${region} does not accept the AWS session token: get new credentials.`,
  CredentialsProviderError: () => "There are no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
  NotFoundException: ({ subject, region }) =>
    `${capital(subject)} does not exist in ${region}: run "pulumi up" for its stack, or correct the name.`,
};

/** A UserError of one sentence where the cause lies in the set-up or the network; any other error as it was. */
export function explainAwsError(thrown: unknown, call: AwsCall): unknown {
  // Explained already, such as by what gets the credentials of a call.
  if (thrown instanceof UserError) return thrown;
  const codes = codesOf(thrown);
  if (isOfAnotherTime(thrown, codes)) {
    return new UserError(
      `${call.service} in ${call.region} refuses requests of this time: the clock of this machine is ${skewOf(thrown)}. Set it (by NTP), and run the same command again.`,
      { cause: thrown },
    );
  }
  for (const code of codes) {
    const sentence = SENTENCES[code];
    if (sentence !== undefined) return new UserError(sentence(call), { cause: thrown });
  }
  const status = statusOf(thrown);
  if (status === HTTP_INSUFFICIENT_STORAGE || codes.some((code) => FULL_CODES.has(code))) {
    return new UserError(
      `${capital(call.subject)} has no room left: make some or raise its quota, and run the same command again.`,
      { cause: thrown },
    );
  }
  if (codes.some((code) => code.startsWith("AccessDenied"))) {
    return new UserError(`Access to ${call.subject} is denied: ${messageOf(thrown)}`, { cause: thrown });
  }
  if (status === HTTP_TOO_MANY || (status !== undefined && status >= HTTP_SERVER_ERROR)) {
    return new UserError(
      `${call.service} in ${call.region} cannot answer at present (${status} ${codes.find((code) => code !== "Error") ?? ""}), also after several attempts: run the same command again later, and look at the region's health.`.replace(
        " )",
        ")",
      ),
      { cause: thrown },
    );
  }
  if (codes.some((code) => NETWORK_CODES.has(code))) {
    const at = call.endpoint === undefined ? "" : ` at ${call.endpoint}`;
    return new UserError(
      `${call.service} in ${call.region}${at} cannot be reached (${codes.find((code) => NETWORK_CODES.has(code)) ?? "no answer"}): check the network and the region's health.`,
      {
        cause: thrown,
      },
    );
  }
  return thrown;
}

const HTTP_TOO_MANY = 429;
const HTTP_SERVER_ERROR = 500;

/** True where a connection broke or fell silent, so that the same call may do better. */
export function isLostConnection(thrown: unknown): boolean {
  return (
    codesOf(thrown).some((code) => NETWORK_CODES.has(code)) || /^(Connection lost|aborted)/.test(messageOf(thrown))
  );
}

/** Services that speak JSON have one code for a wrong signature and for one of another time, and tell them apart in words. */
function isOfAnotherTime(thrown: unknown, codes: readonly string[]): boolean {
  if (codes.some((code) => SKEW_CODES.has(code))) return true;
  const words = /Signature (expired|not yet current)|difference between the request time/i;
  return codes.includes("InvalidSignatureException") && words.test(messageOf(thrown));
}

/** HTTP status of the answer that an error is, or undefined. */
function statusOf(thrown: unknown): number | undefined {
  return (thrown as { $metadata?: { httpStatusCode?: number } } | undefined)?.$metadata?.httpStatusCode;
}

/** How far this machine's clock is off by the answer's own date: "2 h 5 min ahead". */
function skewOf(thrown: unknown): string {
  const { $response } = (thrown ?? {}) as { $response?: { headers?: Record<string, string> } };
  const theirs = Date.parse($response?.headers?.["date"] ?? "");
  if (Number.isNaN(theirs)) return "wrong";
  const minutes = Math.round((Date.now() - theirs) / 60_000);
  const size = Math.abs(minutes);
  if (size === 0) return "wrong";
  const words = [size >= 60 ? `${Math.floor(size / 60)} h` : "", size % 60 > 0 ? `${size % 60} min` : ""];
  return `${words.filter((word) => word !== "").join(" ")} ${minutes > 0 ? "ahead" : "behind"}`;
}

/** True when AWS says that the object or its version is not there. */
export function isMissing(thrown: unknown): boolean {
  return codesOf(thrown).some((code) => code === "NoSuchKey" || code === "NotFound" || code === "NoSuchVersion");
}

/** Every name and code of an error and of those that it wraps. */
function codesOf(thrown: unknown): string[] {
  // By shape, not by class: an error may come from another realm (a VM context) than this module.
  const { code, name, cause, errors, message } = (thrown ?? {}) as Partial<
    Record<"code" | "name" | "cause" | "errors" | "message", unknown>
  >;
  return [
    // Where both IPv4 and IPv6 were tried, the reasons are one level down.
    ...(Array.isArray(errors) ? errors.flatMap(codesOf) : []),
    ...[code, name].filter((text) => typeof text === "string"),
    // The SDK wraps what it doesn't know as an error, and keeps the message alone.
    ...(typeof message === "string" ? (/\bE[A-Z]{4,}\b/.exec(message) ?? []) : []),
    ...(cause === undefined || cause === thrown ? [] : codesOf(cause)),
  ];
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

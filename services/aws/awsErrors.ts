import { messageOf, typeSecret, UserError } from "../common/errors.ts";

/** A call to AWS, for messages. */
export interface AwsCall {
  /** "S3" or "KMS". */
  service: string;
  region: string;
  endpoint?: string | undefined;
  /** What the call is about, e.g. `the vault bucket "x"`. */
  subject: string;
}

const NETWORK_CODES = new Set([
  ...["ECONNREFUSED", "ECONNRESET", "ENOTFOUND", "EAI_AGAIN", "ETIMEDOUT", "EHOSTUNREACH", "ENETUNREACH", "EPIPE"],
  ...["TimeoutError", "NetworkingError", "ERR_STREAM_PREMATURE_CLOSE"],
]);

/** AWS's names for a request whose time differs too much from its own. */
export const SKEW_CODES: ReadonlySet<string> = new Set([
  "RequestTimeTooSkewed",
  "RequestInTheFuture",
  "RequestExpired",
]);

/** Names of a full disk at S3 and services like it. Some give only the HTTP status. */
const FULL_CODES = new Set(["InsufficientStorage", "QuotaExceeded", "XMinioStorageFull", "XAmzStorageFull"]);
const HTTP_INSUFFICIENT_STORAGE = 507;
const HTTP_TOO_MANY = 429;
const HTTP_SERVER_ERROR = 500;

const LOGIN = "With a profile, type: aws sso login";

/** AWS's names of each cause, and its message. */
const SENTENCES: readonly [names: readonly string[], sentence: (call: AwsCall) => string][] = [
  [
    ["NoSuchBucket"],
    ({ subject, region }) =>
      `There is no ${subject.replace(/^the /, "")} in ${region}: run "pulumi up" for its stack, or correct the name.`,
  ],
  [
    ["PermanentRedirect", "AuthorizationHeaderMalformed"],
    ({ subject, region }) =>
      `${capital(subject)} is not in ${region}: correct the region. Type: pulumi config set awsRegion REGION`,
  ],
  [
    ["InvalidAccessKeyId", "UnrecognizedClientException", "InvalidClientTokenId"],
    ({ service, region }) =>
      `${service} in ${region} does not know the AWS access key: correct AWS_ACCESS_KEY_ID. Type: export AWS_ACCESS_KEY_ID=KEY`,
  ],
  [
    ["SignatureDoesNotMatch", "InvalidSignatureException"],
    ({ service, region }) =>
      `${service} in ${region} refuses the AWS secret key: correct AWS_SECRET_ACCESS_KEY. ${typeSecret("AWS_SECRET_ACCESS_KEY")}`,
  ],
  [
    ["ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"],
    ({ service, region }) =>
      `The AWS credentials for ${service} in ${region} have expired: get new ones, and run the same command again. ${LOGIN}`,
  ],
  [
    ["InvalidToken"],
    ({ service, region }) =>
      `${service} in ${region} does not accept the AWS session token: get new credentials. ${LOGIN}`,
  ],
  [
    ["CredentialsProviderError"],
    () => "There are no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or type: aws configure",
  ],
  [
    ["NotFoundException"],
    ({ subject, region }) =>
      `${capital(subject)} does not exist in ${region}: run "pulumi up" for its stack, or correct the name.`,
  ],
];

/** A UserError if the cause is in the set-up or the network; any other error unchanged. */
export function explainAwsError(thrown: unknown, call: AwsCall): unknown {
  // Already explained, for example by the code that gets a call's credentials.
  if (thrown instanceof UserError) return thrown;
  const sentence = sentenceOf(thrown, call);
  return sentence === undefined ? thrown : new UserError(sentence, { cause: thrown });
}

function sentenceOf(thrown: unknown, call: AwsCall): string | undefined {
  const { service, region, endpoint, subject } = call;
  const codes = codesOf(thrown);
  if (isOfAnotherTime(thrown, codes))
    return `${service} in ${region} refuses requests of this time: the clock of this machine is ${skewOf(thrown)}. Set it by NTP (sudo timedatectl set-ntp true), and run the same command again.`;
  for (const code of codes) {
    const known = SENTENCES.find(([names]) => names.includes(code));
    if (known !== undefined) return known[1](call);
  }
  const status = statusOf(thrown);
  if (status === HTTP_INSUFFICIENT_STORAGE || codes.some((code) => FULL_CODES.has(code)))
    return `${capital(subject)} has no room left: make some or raise its quota, and run the same command again.`;
  if (codes.some((code) => code.startsWith("AccessDenied")))
    return `Access to ${subject} is denied: ${messageOf(thrown).replace(/\.$/, "")}. docs/accounts.md lists the rights. To see which user or role this is, type: aws sts get-caller-identity`;
  if (status === HTTP_TOO_MANY || (status !== undefined && status >= HTTP_SERVER_ERROR)) {
    const code = codes.find((one) => one !== "Error");
    const answer = code === undefined ? status : `${status} ${code}`;
    return `${service} in ${region} cannot answer at present (${answer}), also after several attempts: run the same command again later, and look at the region's health (https://health.aws.amazon.com).`;
  }
  const network = codes.find((code) => NETWORK_CODES.has(code));
  if (network === undefined) return undefined;
  const at = endpoint === undefined ? "" : ` at ${endpoint}`;
  const address = endpoint ?? `https://sts.${region}.amazonaws.com`;
  return `${service} in ${region}${at} cannot be reached (${network}): check the network and the region's health: curl -I ${address}`;
}

/** True if a connection broke or fell silent, so that the same call may succeed the next time. */
export function isLostConnection(thrown: unknown): boolean {
  return (
    codesOf(thrown).some((code) => NETWORK_CODES.has(code)) || /^(Connection lost|aborted)/.test(messageOf(thrown))
  );
}

/** JSON services have one code for a wrong signature and for a wrong time. Only their words differ. */
function isOfAnotherTime(thrown: unknown, codes: readonly string[]): boolean {
  if (codes.some((code) => SKEW_CODES.has(code))) return true;
  const words = /Signature (expired|not yet current)|difference between the request time/i;
  return codes.includes("InvalidSignatureException") && words.test(messageOf(thrown));
}

/** The name that AWS gives an error, or "". */
export function nameOf(thrown: unknown): string {
  return (thrown as { name?: string } | undefined)?.name ?? "";
}

/** HTTP status of AWS's answer; undefined if there was no answer. */
export function statusOf(thrown: unknown): number | undefined {
  return (thrown as { $metadata?: { httpStatusCode?: number } } | undefined)?.$metadata?.httpStatusCode;
}

/** The error of this machine's clock by the date of AWS's answer: "2 h 5 min ahead". */
function skewOf(thrown: unknown): string {
  const { $response } = (thrown ?? {}) as { $response?: { headers?: Record<string, string> } };
  const minutes = Math.round((Date.now() - Date.parse($response?.headers?.["date"] ?? "")) / 60_000);
  const size = Math.abs(minutes);
  if (Number.isNaN(minutes) || size === 0) return "wrong";
  const words = [size >= 60 ? `${Math.floor(size / 60)} h` : "", size % 60 > 0 ? `${size % 60} min` : ""];
  return `${words.filter((word) => word !== "").join(" ")} ${minutes > 0 ? "ahead" : "behind"}`;
}

/** True if AWS says that the object or its version does not exist. */
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
    // If both IPv4 and IPv6 were tried, the reasons are one level down.
    ...(Array.isArray(errors) ? errors.flatMap(codesOf) : []),
    ...[code, name].filter((text) => typeof text === "string"),
    // The SDK wraps what it doesn't recognize as an error, and keeps only the message.
    ...(typeof message === "string" ? (/\bE[A-Z]{4,}\b/.exec(message) ?? []) : []),
    ...(cause === undefined || cause === thrown ? [] : codesOf(cause)),
  ];
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

import type { IncomingHttpHeaders } from "node:http";

/** The reason why a gateway refuses a request. */
export type Refusal =
  | { reason: "noSignature" }
  | { reason: "unknownKey"; accessKeyId: string }
  | { reason: "wrongSignature" }
  | { reason: "outOfTime" }
  | { reason: "wrongRegion"; signed: string; expected: string }
  | { reason: "unavailable" };

/** An answer in the service's own format. */
export interface RefusalAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

type Protocol = "s3" | "json" | "query";

interface Row {
  /** Error code, by protocol. */
  s3: string;
  json: string;
  query: string;
  status: Record<Protocol, number>;
  message: string;
}

const WRONG_SIGNATURE =
  "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.";
const INVALID_TOKEN = "The security token included in the request is invalid.";

/** Codes and statuses as AWS returns them (S3 API reference "Error responses"; "Common errors" of the other services). */
const ROWS: Record<Refusal["reason"], Row> = {
  noSignature: {
    s3: "AccessDenied",
    json: "MissingAuthenticationTokenException",
    query: "MissingAuthenticationToken",
    status: { s3: 403, json: 400, query: 403 },
    message: "Access Denied",
  },
  unknownKey: {
    s3: "InvalidAccessKeyId",
    json: "UnrecognizedClientException",
    query: "InvalidClientTokenId",
    status: { s3: 403, json: 400, query: 403 },
    message: INVALID_TOKEN,
  },
  wrongSignature: {
    s3: "SignatureDoesNotMatch",
    json: "InvalidSignatureException",
    query: "SignatureDoesNotMatch",
    status: { s3: 403, json: 400, query: 403 },
    message: WRONG_SIGNATURE,
  },
  outOfTime: {
    s3: "RequestTimeTooSkewed",
    json: "InvalidSignatureException",
    query: "RequestExpired",
    status: { s3: 403, json: 400, query: 403 },
    message: "The difference between the request time and the current time is too large.",
  },
  wrongRegion: {
    s3: "AuthorizationHeaderMalformed",
    json: "InvalidSignatureException",
    query: "SignatureDoesNotMatch",
    status: { s3: 400, json: 400, query: 403 },
    message: "Credential should be scoped to a valid region.",
  },
  unavailable: {
    s3: "ServiceUnavailable",
    json: "ServiceUnavailableException",
    query: "ServiceUnavailable",
    status: { s3: 503, json: 503, query: 503 },
    message: "Service is unable to handle request.",
  },
};

/** AWS's answer for a refusal, in the request's protocol. */
export function refusalAnswer(
  refusal: Refusal,
  service: string | undefined,
  headers: IncomingHttpHeaders,
): RefusalAnswer {
  const protocol = protocolOf(service, headers);
  const row = ROWS[refusal.reason];
  const requestId = crypto.randomUUID();
  const common = { "x-amzn-requestid": requestId, "x-amz-request-id": requestId };
  if (protocol === "json") {
    return {
      status: row.status.json,
      headers: { ...common, "content-type": "application/x-amz-json-1.1", "x-amzn-errortype": row.json },
      body: JSON.stringify({ __type: row.json, message: row.message }),
    };
  }
  const xml = { ...common, "content-type": protocol === "s3" ? "application/xml" : "text/xml" };
  if (protocol === "query") {
    const error = `<Error><Type>Sender</Type><Code>${row.query}</Code><Message>${row.message}</Message></Error>`;
    return {
      status: row.status.query,
      headers: xml,
      body: `<ErrorResponse>${error}<RequestId>${requestId}</RequestId></ErrorResponse>`,
    };
  }
  return {
    status: row.status.s3,
    headers: xml,
    body: `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${row.s3}</Code>${s3Details(refusal, row)}<RequestId>${requestId}</RequestId></Error>`,
  };
}

function s3Details(refusal: Refusal, row: Row): string {
  switch (refusal.reason) {
    case "wrongRegion": {
      const message = `The authorization header is malformed; the region '${escape(refusal.signed)}' is wrong; expecting '${refusal.expected}'`;
      return `<Message>${message}</Message><Region>${refusal.expected}</Region>`;
    }
    case "unknownKey":
      return `<Message>The AWS Access Key Id you provided does not exist in our records.</Message><AWSAccessKeyId>${escape(refusal.accessKeyId)}</AWSAccessKeyId>`;
    default:
      return `<Message>${row.message}</Message>`;
  }
}

function protocolOf(service: string | undefined, headers: IncomingHttpHeaders): Protocol {
  const type = headers["content-type"] ?? "";
  if (headers["x-amz-target"] !== undefined || type.includes("json")) return "json";
  if (type.includes("x-www-form-urlencoded")) return "query";
  return service === undefined || service === "s3" ? "s3" : "json";
}

function escape(text: string): string {
  return text.replace(/[<>&'"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

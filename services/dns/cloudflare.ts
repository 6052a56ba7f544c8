import { z } from "zod";

import { segment, ServiceError, unlessNotFound } from "../http/http.ts";
import { type JsonClient, jsonClient } from "../http/jsonClient.ts";
import type { RemoteService, ServiceAccess } from "../http/remoteService.ts";
import { ACCEPTED, REFUSED, type TokenFacts, tokenFacts } from "../http/tokenFacts.ts";
import { cloudflareCertificates } from "./cloudflareCertificates.ts";
import { allPages, pageInfo } from "./cloudflarePages.ts";
import type { DeclaredRecord, DnsHost, DnsRecord, ExportedRecord, LiveRecord, WantedRecord } from "./dnsHost.ts";

/** Cloudflare's API, as published. */
const CLOUDFLARE_API = "https://api.cloudflare.com/client/v4";
/** Lets Cloudflare choose the lifetime. */
const AUTOMATIC_TTL = 1;
/** The code of the refusal of a second record with the same name, type and content, as in https://github.com/certbot/certbot/pull/10725. */
const IDENTICAL_RECORD = "81058";
const PAGE_SIZE = 100;
/** The most that a page of zones holds (https://developers.cloudflare.com/api/resources/zones/methods/list). */
const ZONES_PAGE_SIZE = 50;
/** The fields that the product reads, and all others: a backup of the configuration keeps them. */
const recordAnswer = z.looseObject({
  id: z.string().min(1),
  type: z.string(),
  name: z.string(),
  content: z.string(),
  ttl: z.number().optional(),
  proxied: z.boolean().optional(),
  comment: z.string().nullish(),
  tags: z.array(z.string()).nullish(),
});
type RecordAnswer = z.infer<typeof recordAnswer>;
/**
 * What Cloudflare adds to a record and takes from no request. All else is exported, whatever the record's type: `data` of the types with
 * several parts (Cloudflare makes their `content` from it), priority, settings, tags, comment, and `meta`, whose `read_only` marks a record
 * that another product of Cloudflare writes. Fields and types: https://developers.cloudflare.com/api/resources/dns/subresources/records.
 */
const NOT_WRITTEN: ReadonlySet<string> = new Set([
  ...["created_on", "modified_on", "comment_modified_on", "tags_modified_on"],
  ...["zone_id", "zone_name", "proxiable", "locked"],
]);
const liveAnswer = recordAnswer.extend({
  ttl: z.number(),
  priority: z.number().nullish(),
  data: z.record(z.string(), z.unknown()).nullish(),
  settings: z.record(z.string(), z.unknown()).nullish(),
  meta: z.record(z.string(), z.unknown()).nullish(),
});
/** Fields of `meta` that mark a record of another product: email routing, R2, a tunnel, an app. */
const OF_CLOUDFLARE = ["read_only", "email_routing", "managed_by_apps", "managed_by_argo_tunnel"];
/** What a record has and a request of a client must not. */
const NOT_SENT: ReadonlySet<string> = new Set(["id", "meta"]);
const oneRecord = z.object({ result: recordAnswer }).transform(({ result }) => recordOf(result));
const recordsAnswer = z.object({ result: z.array(recordAnswer), result_info: pageInfo });
const zoneAnswer = z.object({ id: z.string(), name: z.string(), account: z.object({ id: z.string() }).optional() });
const zonesAnswer = z.object({ result: z.array(zoneAnswer), result_info: pageInfo });
const errorAnswer = z.object({
  errors: z.array(z.object({ code: z.union([z.number(), z.string()]), message: z.string() })),
});

const tokenAnswer = z.object({ result: z.object({ status: z.string(), expires_on: z.iso.datetime().nullish() }) });
/** Bad requests by which Cloudflare refuses a token that has not the form of one. */
const MALFORMED: ReadonlySet<string | undefined> = new Set(["6003", "6111", "9106"]);

/** Cloudflare, and the variable with its token. */
export const CLOUDFLARE = { name: "Cloudflare", tokenName: "CLOUDFLARE_API_TOKEN" } as const satisfies RemoteService;

/**
 * DNS by Cloudflare's API v4 (fields and paths: https://developers.cloudflare.com/api/resources/dns). The address may end with
 * `/client/v4` or not.
 */
export function cloudflareDns(access: ServiceAccess): DnsHost {
  const endpoint = (access.endpoint ?? CLOUDFLARE_API).replace(/\/+$/, "");
  const call = jsonClient({
    ...CLOUDFLARE,
    ...access,
    baseUrl: endpoint.endsWith("/client/v4") ? endpoint : `${endpoint}/client/v4`,
    rightFor,
    describeError: (body) => {
      const first = errorAnswer.safeParse(body).data?.errors[0];
      return first ? { message: first.message, code: String(first.code) } : {};
    },
  });
  const recordsPath = (zone: string): string => `/zones/${segment(zone)}/dns_records`;
  const recordPath = (zone: string, id: string): string => `${recordsPath(zone)}/${segment(id)}`;
  const listed = (zone: string, name?: string, signal?: AbortSignal): Promise<RecordAnswer[]> =>
    allPages((page) => {
      const query = { "name.exact": name, page, per_page: PAGE_SIZE };
      return call({ method: "GET", path: recordsPath(zone), query, answer: recordsAnswer, signal });
    });
  return {
    ...CLOUDFLARE,
    tokenName: access.tokenName ?? CLOUDFLARE.tokenName,
    inspectToken: (signal) => inspectToken(call, signal),
    zones: async (signal) => {
      const zones = await allPages((page) => {
        const query = { page, per_page: ZONES_PAGE_SIZE };
        return call({ method: "GET", path: "/zones", query, answer: zonesAnswer, signal });
      });
      return zones.map(({ id, name, account }) => ({ id, name, accountId: account?.id ?? "" }));
    },
    zoneId: async (name, signal) => {
      const { result } = await call({ method: "GET", path: "/zones", query: { name }, answer: zonesAnswer, signal });
      return result.find((zone) => zone.name === name)?.id;
    },
    records: async (zone, name, signal) => {
      const isNamed = (record: RecordAnswer) => name === undefined || record.name.toLowerCase() === name.toLowerCase();
      return (await listed(zone, name, signal)).filter(isNamed).map(recordOf);
    },
    liveRecords: async (zone, signal) => (await listed(zone, undefined, signal)).map(liveOf),
    exportRecords: async (zone, signal, name) => (await listed(zone, name, signal)).map(writable),
    writableFields: written,
    isManaged: ({ meta }) => isOfCloudflare(meta),
    putRecord: async (zone, record, id, signal) => {
      const [method, path] =
        id === undefined ? ["POST" as const, recordsPath(zone)] : ["PUT" as const, recordPath(zone, id)];
      await call({ method, path, body: written(record), answer: oneRecord, signal });
    },
    ...cloudflareCertificates(call),
    createRecord: (zone, wanted, signal) =>
      call({ method: "POST", path: recordsPath(zone), body: bodyOf(wanted), answer: oneRecord, signal }),
    isDuplicate: (error) => error instanceof ServiceError && error.code === IDENTICAL_RECORD,
    updateRecord: (zone, id, wanted, signal) =>
      call({ method: "PUT", path: recordPath(zone, id), body: bodyOf(wanted), answer: oneRecord, signal }),
    repointRecord: (zone, { id, type, name, ttlSeconds = AUTOMATIC_TTL }, content, signal) => {
      // The fields that a PATCH requires; those that it leaves out stay.
      const body = { type, name, ttl: ttlSeconds, content };
      return call({ method: "PATCH", path: recordPath(zone, id), body, answer: oneRecord, signal });
    },
    automaticTtlSeconds: 300,
    changeLifetime: (zone, { id, type, name, content }, { ttlSeconds = AUTOMATIC_TTL, comment }, signal) => {
      const body = { type, name, content, ttl: ttlSeconds, comment };
      return call({ method: "PATCH", path: recordPath(zone, id), body, answer: oneRecord, signal });
    },
    deleteRecord: async (zone, id, signal) => {
      await unlessNotFound(call({ method: "DELETE", path: recordPath(zone, id), answer: z.unknown(), signal }));
    },
  };
}

/** The right of a token, as its page calls it (https://developers.cloudflare.com/fundamentals/api/reference/permissions). */
function rightFor(method: string, path: string): string {
  const access = method === "GET" ? "Read" : "Edit";
  if (path.includes("/ssl/")) return `Zone > SSL and Certificates > ${access}`;
  return path.includes("/dns_records") ? `Zone > DNS > ${access}` : `Zone > Zone > ${access}`;
}

/**
 * What Cloudflare says of a token of a user. It shows the rights only to a token that may read tokens. A token of an account is not known
 * there, but may list zones like any other. Source: https://developers.cloudflare.com/api/resources/user/subresources/tokens/methods/verify,
 * https://developers.cloudflare.com/fundamentals/api/get-started/account-owned-tokens.
 */
function inspectToken(call: JsonClient, signal?: AbortSignal): Promise<TokenFacts> {
  const isRefusal = ({ status, code }: ServiceError) =>
    status === 401 || status === 403 || (status === 400 && MALFORMED.has(code));
  const verified = call({ method: "GET", path: "/user/tokens/verify", answer: tokenAnswer, signal }).then(
    ({ result: { status, expires_on: end } }) => {
      if (status !== "active") return REFUSED;
      return { ...ACCEPTED, expiresAt: end ? new Date(end) : ("never" as const) };
    },
  );
  const listing = () =>
    call({ method: "GET", path: "/zones", query: { per_page: 5 }, answer: zonesAnswer, signal }).then(() => ACCEPTED);
  return tokenFacts(verified, (refusal) =>
    isRefusal(refusal) ? tokenFacts(listing(), (again) => (isRefusal(again) ? REFUSED : undefined)) : undefined,
  );
}

/** A record without the fields that only Cloudflare writes. */
function writable(record: RecordAnswer): ExportedRecord {
  return Object.fromEntries(Object.entries(record).filter(([field]) => !NOT_WRITTEN.has(field))) as ExportedRecord;
}

/** The fields of an exported record that a client writes. A record with parts has no content of its own, which Cloudflare makes from them, and no request has null. */
function written(record: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const hasParts = typeof record["data"] === "object" && record["data"] !== null;
  return Object.fromEntries(
    Object.entries(record).filter(
      ([field, value]) =>
        !NOT_SENT.has(field) &&
        !NOT_WRITTEN.has(field) &&
        value !== undefined &&
        value !== null &&
        !(hasParts && field === "content"),
    ),
  );
}

function isOfCloudflare(meta: unknown): boolean {
  const marks = typeof meta === "object" && meta !== null ? (meta as Record<string, unknown>) : {};
  return OF_CLOUDFLARE.some((key) => marks[key] === true);
}

/**
 * A record in the form of Pulumi's provider, which names the parts of `data` and the `settings` in camel case. The priority of an SRV record is in
 * its answer and in its data; the provider takes both.
 */
function liveOf(answer: RecordAnswer): LiveRecord {
  const record = liveAnswer.parse(answer);
  const { id, name, type, ttl, content, priority, proxied, comment, tags, data, settings, meta } = record;
  const parts = camelCase(data ?? {}, ["string", "number"]) as Record<string, string | number>;
  const chosen = camelCase(settings ?? {}, ["boolean"]) as Record<string, boolean>;
  const declared: DeclaredRecord = {
    id,
    name,
    type,
    ttl,
    ...(Object.keys(parts).length > 0 ? { data: parts } : { content }),
    ...(typeof priority === "number" && { priority }),
    ...(proxied === true && { proxied }),
    ...(comment && { comment }),
    ...(tags && tags.length > 0 && { tags }),
    ...(Object.keys(chosen).length > 0 && { settings: chosen }),
  };
  return { declared, content, ofHost: isOfCloudflare(meta) };
}

/** The values of some types, their names in camel case. */
function camelCase(values: Readonly<Record<string, unknown>>, types: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values)
      .filter(([, value]) => types.includes(typeof value))
      .map(([key, value]) => [key.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()), value]),
  );
}

/** Types that can be proxied. */
const PROXIABLE: ReadonlySet<string> = new Set(["A", "AAAA", "CNAME"]);

function bodyOf({ ttlSeconds = AUTOMATIC_TTL, proxied = false, ...record }: WantedRecord): Record<string, unknown> {
  return { ...record, ttl: ttlSeconds, ...(PROXIABLE.has(record.type) && { proxied }) };
}

/** Cloudflare returns a text with or without quotes around it. */
function recordOf(answer: RecordAnswer): DnsRecord {
  const { id, type, name, content, proxied = false, comment, tags, ttl = AUTOMATIC_TTL } = answer;
  const text = type === "TXT" ? /^"([^"]*)"$/.exec(content)?.[1] : undefined;
  return {
    id,
    type,
    name,
    content: text ?? content,
    proxied,
    ...(ttl !== AUTOMATIC_TTL && { ttlSeconds: ttl }),
    ...(comment && { comment }),
    ...(tags && tags.length > 0 && { tags }),
  };
}

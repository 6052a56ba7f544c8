import { z } from "zod";

import type { EmulatorDependencies } from "../host/services.ts";
import { ApiError } from "./http.ts";

/** The dependencies of Cloudflare's emulator. */
export type CloudflareDeps = Pick<EmulatorDependencies, "paths" | "credentials" | "clock">;

/** What an API token may do (https://developers.cloudflare.com/fundamentals/api/reference/permissions). */
export interface CloudflareToken {
  /** Whether "Zone: Edit" holds for the whole account. A token for single zones edits them and creates none. */
  createsZones: boolean;
  /** Whether "SSL and Certificates: Read" holds. @default true */
  readsCertificates?: boolean;
  /** Never, if undefined. */
  expiresAt?: Date;
}

/** The token of the sandbox. */
export const ACCOUNT_TOKEN: CloudflareToken = { createsZones: true };

/** A zone. */
export interface Zone {
  id: string;
  name: string;
  accountId: string;
  type: string;
  paused: boolean;
  createdOn: string;
  modifiedOn: string;
}
/** A record of a zone. */
export interface DnsRecord {
  id: string;
  zoneId: string;
  name: string;
  type: string;
  content: string;
  ttl: number;
  proxied: boolean;
  data?: z.infer<typeof caaData> | z.infer<typeof srvData> | undefined;
  priority?: number | undefined;
  comment?: string | null | undefined;
  tags: string[];
  /** What Cloudflare says of a record that another of its products writes. */
  meta?: Record<string, unknown> | undefined;
  createdOn: string;
  modifiedOn: string;
}

const ADDRESSES = ["A", "AAAA", "CNAME"];
const caaData = z.object({
  flags: z.coerce.number().int().min(0).max(255),
  tag: z.string().min(1),
  value: z.string().min(1),
});
const number16 = z.coerce.number().int().min(0).max(65_535);
const srvData = z.object({ priority: number16, weight: number16, port: number16, target: z.string().min(1) });
const recordFields = z.object({
  name: z.string().min(1),
  type: z.enum(["A", "AAAA", "CNAME", "TXT", "MX", "NS", "CAA", "SRV"]),
  content: z.string().min(1).optional(),
  data: z.union([caaData, srvData]).optional(),
  ttl: z.number().int(),
  proxied: z.boolean().nullish(),
  priority: z.number().int().optional(),
  comment: z.string().nullish(),
  tags: z.array(z.string()).nullish(),
});
/** A record in a request. CAA and SRV records consist of data, from which Cloudflare makes the content. */
export const recordBody = recordFields.transform(({ data, content, ...body }, context) => {
  if (data === undefined) {
    if (content === undefined) context.addIssue({ code: "custom", path: ["content"], message: "is required" });
    return { ...body, content: content ?? "" };
  }
  return { ...body, data, content: contentOf(data) };
});
/** Content of a CAA or SRV record; the priority of the latter is a field of its own. */
function contentOf(data: z.output<typeof caaData> | z.output<typeof srvData>): string {
  if ("tag" in data) return `${data.flags} ${data.tag} "${data.value}"`;
  return `${data.weight} ${data.port} ${data.target}`;
}
/** A zone in a request. */
export const zoneBody = z.object({
  name: z.string().regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/i, "is not a domain name"),
  account: z.object({ id: z.string() }),
  type: z.enum(["full", "partial", "secondary"]).default("full"),
});

/** An error in Cloudflare's format. */
export const fail = (status: 400 | 401 | 403 | 404, code: number, message: string, chain?: object[]) =>
  new ApiError(status, {
    success: false,
    errors: [{ code, message, ...(chain === undefined ? {} : { error_chain: chain }) }],
    messages: [],
    result: null,
  });
/** The error for an invalid record. */
const invalidRecord = (message: string) => fail(400, 1004, "DNS Validation Error", [{ code: 9021, message }]);
/** The error for an unreadable body. */
export const invalidBody = (fault: string) => fail(400, 6007, `Malformed JSON in request body: ${fault}`);
/** An answer in Cloudflare's format. */
export const ok = (result: unknown) => ({ success: true, errors: [], messages: [], result });

/** A zone in Cloudflare's format. */
export const showZone = (zone: Zone) => ({
  id: zone.id,
  name: zone.name,
  status: "active",
  paused: zone.paused,
  type: zone.type,
  development_mode: 0,
  name_servers: ["ada.ns.cloudflare.com", "bob.ns.cloudflare.com"],
  original_name_servers: [],
  original_dnshost: null,
  original_registrar: null,
  vanity_name_servers: [],
  account: { id: zone.accountId, name: "sandbox" },
  owner: { id: zone.accountId, name: "sandbox", type: "organization" },
  plan: { id: "free", name: "Free Website" },
  permissions: ["#zone:edit", "#dns_records:edit"],
  meta: { page_rule_quota: 3, phishing_detected: false },
  created_on: zone.createdOn,
  modified_on: zone.modifiedOn,
  activated_on: zone.createdOn,
});
/** Days for which a zone's universal certificate is valid. */
const CERTIFICATE_DAYS = 90;
/** A zone's universal certificate in Cloudflare's format, as a pack. */
export const showPack = ({ id, name, createdOn }: Zone) => {
  const hosts = [name, `*.${name}`];
  const until = new Date(Date.parse(createdOn) + CERTIFICATE_DAYS * 86_400_000).toISOString();
  return {
    id,
    type: "universal",
    hosts,
    status: "active",
    certificate_authority: "google",
    certificates: [{ id, hosts, status: "active", expires_on: until }],
  };
};
/** A record in Cloudflare's format. */
export const showRecord = (record: DnsRecord) => ({
  id: record.id,
  name: record.name,
  type: record.type,
  content: record.content,
  ttl: record.ttl,
  proxied: record.proxied,
  proxiable: ADDRESSES.includes(record.type),
  comment: record.comment ?? null,
  tags: record.tags,
  settings: {},
  meta: record.meta ?? {},
  ...(record.data === undefined ? {} : { data: record.data }),
  ...(record.priority === undefined ? {} : { priority: record.priority }),
  created_on: record.createdOn,
  modified_on: record.modifiedOn,
});
/** One page of a list, by `page` and `per_page`. */
export const page = (items: object[], query: Record<string, string>) => {
  const per = Math.min(Number(query["per_page"] ?? 100), 5000);
  const number = Number(query["page"] ?? 1);
  const shown = items.slice((number - 1) * per, number * per);
  const info = {
    page: number,
    per_page: per,
    count: shown.length,
    total_count: items.length,
    total_pages: Math.ceil(items.length / per),
  };
  return { ...ok(shown), result_info: info };
};

/**
 * Checks a record as Cloudflare does, and completes its name.
 * @param records those of all zones
 * @param self the changed record, if it exists
 */
export function checkedRecord(
  records: readonly DnsRecord[],
  zone: Zone,
  body: z.infer<typeof recordBody>,
  self?: DnsRecord,
) {
  const given = body.name.toLowerCase().replace(/\.$/, "");
  const isFull = given === zone.name || given.endsWith(`.${zone.name}`);
  const name = given === "@" ? zone.name : isFull ? given : `${given}.${zone.name}`;
  if (body.ttl !== 1 && (body.ttl < 60 || body.ttl > 86_400)) {
    throw invalidRecord("Invalid TTL. Must be between 60 and 86400 seconds, or 1 for Automatic.");
  }
  if (body.type === "CNAME" && body.content === name) throw invalidRecord("A CNAME record cannot reference itself.");
  // Cloudflare's providers replace a record to change its type. Allowing it in place would make a drill too easy.
  if (self !== undefined && self.type !== body.type) throw invalidRecord("The record's type can't be changed.");
  const others = records.filter((record) => record.zoneId === zone.id && record.name === name && record !== self);
  if (others.some((other) => other.type === body.type && other.content === body.content)) {
    throw fail(400, 81058, "An identical record already exists.");
  }
  const types = others.map((other) => other.type);
  const clash = ADDRESSES.includes(body.type) && types.some((type) => ADDRESSES.includes(type));
  if (clash && [body.type, ...types].includes("CNAME")) {
    throw fail(400, 81053, "An A, AAAA, or CNAME record with that host already exists.");
  }
  if (types.includes("CNAME")) throw fail(400, 81054, "A CNAME record with that host already exists.");
  const { type, content, ttl, priority } = body;
  return {
    name,
    type,
    content,
    data: "data" in body ? body.data : undefined,
    ttl,
    priority,
    proxied: body.proxied ?? false,
    comment: body.comment ?? null,
    tags: body.tags ?? [],
  };
}

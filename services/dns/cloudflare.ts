import { z } from "zod";

import { segment, unlessNotFound } from "../http/http.ts";
import { jsonClient } from "../http/jsonClient.ts";

/** Cloudflare's API, as published; a setting gives the address without the version path. */
const CLOUDFLARE_API = "https://api.cloudflare.com/client/v4";

const recordAnswer = z.object({
  id: z.string().min(1),
  type: z.string(),
  name: z.string(),
  content: z.string(),
  ttl: z.number().optional(),
  proxied: z.boolean().optional(),
  comment: z.string().nullish(),
});

/** A DNS record as Cloudflare keeps it. `ttl` is in seconds, 1 means automatic. */
export type DnsRecord = z.infer<typeof recordAnswer>;

/** What a record is to be. */
export interface WantedRecord {
  type: "CNAME" | "TXT";
  name: string;
  content: string;
  /** Seconds; 1 is Cloudflare's "automatic". */
  ttl: number;
  comment?: string;
}

/** What the product asks of Cloudflare. Every call throws ServiceError or UnreachableError (services/http/http.ts). */
export interface Cloudflare {
  /** Id of the zone of that name, or nothing when the token sees none. */
  zoneId(name: string, signal?: AbortSignal): Promise<string | undefined>;
  /** All records, or those of one name. */
  records(zoneId: string, name?: string, signal?: AbortSignal): Promise<DnsRecord[]>;
  record(zoneId: string, recordId: string, signal?: AbortSignal): Promise<DnsRecord | undefined>;
  createRecord(zoneId: string, record: WantedRecord, signal?: AbortSignal): Promise<DnsRecord>;
  /** Changes a record in place; the name never goes without an answer meanwhile. */
  updateRecord(zoneId: string, recordId: string, record: WantedRecord, signal?: AbortSignal): Promise<DnsRecord>;
  /** A record that is gone already is fine. */
  deleteRecord(zoneId: string, recordId: string, signal?: AbortSignal): Promise<void>;
}

/** Where and as whom Cloudflare is spoken to. */
export interface CloudflareOptions {
  token: string;
  /** Address, with or without `/client/v4`; Cloudflare's own by default. */
  endpoint?: string | undefined;
  timeoutMs?: number;
  retryDelayMs?: number;
}

const PAGE_SIZE = 100;
/** A zone holds at most 200 000 records; a listing longer than this is a fault of the service. */
const MOST_PAGES = 2000;

/** A client of Cloudflare's API v4 (fields and paths: https://developers.cloudflare.com/api/resources/dns). */
export function cloudflareClient(options: CloudflareOptions): Cloudflare {
  const endpoint = (options.endpoint ?? CLOUDFLARE_API).replace(/\/+$/, "");
  const call = jsonClient({
    service: "Cloudflare",
    baseUrl: endpoint.endsWith("/client/v4") ? endpoint : `${endpoint}/client/v4`,
    token: options.token,
    tokenName: "CLOUDFLARE_API_TOKEN",
    describeError: (body) => {
      const first = errorAnswer.safeParse(body).data?.errors[0];
      return first ? { message: first.message, code: String(first.code) } : {};
    },
    ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
    ...(options.retryDelayMs === undefined ? {} : { retryDelayMs: options.retryDelayMs }),
  });
  const recordsPath = (zone: string): string => `/zones/${segment(zone)}/dns_records`;
  const oneRecord = z.object({ result: recordAnswer });
  return {
    zoneId: async (name, signal) => {
      const answer = z.object({ result: z.array(z.object({ id: z.string(), name: z.string() })) });
      const { result } = await call({ method: "GET", path: "/zones", query: { name }, answer, signal });
      return result.find((zone) => zone.name === name)?.id;
    },
    records: async (zone, name, signal) => {
      const answer = z.object({
        result: z.array(recordAnswer),
        result_info: z.object({ total_pages: z.number().optional() }).nullish(),
      });
      const found: DnsRecord[] = [];
      for (let page = 1; page <= MOST_PAGES; page += 1) {
        const query = { name, page, per_page: PAGE_SIZE };
        const one = await call({ method: "GET", path: recordsPath(zone), query, answer, signal });
        found.push(...one.result);
        if (page >= (one.result_info?.total_pages ?? 1)) break;
      }
      return name === undefined ? found : found.filter((record) => record.name.toLowerCase() === name.toLowerCase());
    },
    record: async (zone, id, signal) => {
      const path = `${recordsPath(zone)}/${segment(id)}`;
      return (await unlessNotFound(call({ method: "GET", path, answer: oneRecord, signal })))?.result;
    },
    createRecord: async (zone, record, signal) => {
      const body = { ...record, proxied: record.type === "CNAME" ? false : undefined };
      return (await call({ method: "POST", path: recordsPath(zone), body, answer: oneRecord, signal })).result;
    },
    updateRecord: async (zone, id, record, signal) => {
      const path = `${recordsPath(zone)}/${segment(id)}`;
      const body = { ...record, proxied: record.type === "CNAME" ? false : undefined };
      return (await call({ method: "PUT", path, body, answer: oneRecord, signal })).result;
    },
    deleteRecord: async (zone, id, signal) => {
      const path = `${recordsPath(zone)}/${segment(id)}`;
      await unlessNotFound(call({ method: "DELETE", path, answer: z.unknown(), signal }));
    },
  };
}

const errorAnswer = z.object({
  errors: z.array(z.object({ code: z.union([z.number(), z.string()]), message: z.string() })),
});

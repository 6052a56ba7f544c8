import { z } from "zod";

/** Of a record with several parts. Cloudflare's names, in the form of Pulumi's provider. */
const PART = z.union([z.string(), z.number()]);

/**
 * A record of a managed zone, with every field that its host takes and Pulumi's provider declares
 * (https://developers.cloudflare.com/api/resources/dns/subresources/records). Of `content` and `data` it has one.
 */
const DNS_RECORD = z
  .strictObject({
    /** The host's id. The resource is named after it, so that any other field can change in place. */
    id: z.string().regex(/^[0-9a-f]{32}$/),
    /** The whole name, with the zone. */
    name: z.string().min(1),
    type: z.string().regex(/^[A-Z]+$/),
    /** Seconds; 1 is the host's own choice. */
    ttl: z.number().int().min(1),
    content: z.string().optional(),
    data: z.record(z.string(), PART).optional(),
    priority: z.number().int().optional(),
    proxied: z.boolean().optional(),
    comment: z.string().optional(),
    tags: z.array(z.string()).readonly().optional(),
    settings: z.record(z.string(), z.boolean()).optional(),
  })
  .readonly();

/** See {@link DNS_RECORD}. */
export type ManagedRecord = z.output<typeof DNS_RECORD>;

/** The records of a managed zone, as `castchat-recovery adopt` writes them. */
export const DNS_RECORDS = z.array(DNS_RECORD).readonly();

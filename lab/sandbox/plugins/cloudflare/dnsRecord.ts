import { z } from "zod";

import { given, type RestContext, restRow } from "../rest.ts";

/** The parts of a CAA or an SRV record. */
const data = z.strictObject({
  flags: z.number().int().optional(),
  tag: z.string().optional(),
  value: z.string().optional(),
  priority: z.number().int().optional(),
  weight: z.number().int().optional(),
  port: z.number().int().optional(),
  target: z.string().optional(),
});
const inputs = z
  .strictObject({
    zoneId: z.string().min(1),
    name: z.string().min(1),
    type: z.enum(["A", "AAAA", "CNAME", "TXT", "MX", "NS", "CAA", "SRV"]),
    content: z.string().optional(),
    data: data.optional(),
    ttl: z.number().int().min(1),
    proxied: z.boolean().optional(),
    priority: z.number().int().optional(),
    comment: z.string().optional(),
    tags: z.array(z.string()).optional(),
  })
  .refine(({ content, data }) => content !== undefined || data !== undefined, "A record needs content or data.");
type Inputs = z.infer<typeof inputs>;

const answer = z.object({
  result: z.object({
    id: z.string(),
    name: z.string(),
    type: z.string(),
    content: z.string().optional(),
    data: data.nullish(),
    ttl: z.number(),
    proxied: z.boolean().nullish(),
    proxiable: z.boolean().optional(),
    priority: z.number().nullish(),
    comment: z.string().nullish(),
    tags: z.array(z.string()).nullish(),
    created_on: z.string(),
    modified_on: z.string(),
  }),
});
type Answer = z.infer<typeof answer>["result"];

/** cloudflare:index/dnsRecord:DnsRecord; it is imported by `zone id/record id`. */
export const dnsRecord = restRow<RestContext, z.infer<typeof answer>, Inputs, object>({
  inputs,
  // Cloudflare can't change a record's type, so the record is deleted and created again.
  replaceOn: ["zoneId", "type"],
  answer,
  collection: (_context, { zoneId }) => `/zones/${zoneId}/dns_records`,
  item: (_context, id, known) => {
    const [zoneId = "", recordId = ""] = id.includes("/") ? id.split("/") : [known?.zoneId, id];
    return `/zones/${zoneId}/dns_records/${recordId}`;
  },
  // The official plugin writes a record as a whole, so what the program leaves out is removed.
  change: "PUT",
  body: (record) => ({ ...record, zoneId: undefined }),
  state({ result }, last, id) {
    const zoneId = last?.zoneId ?? id?.split("/")[0] ?? "";
    const outputs = {
      proxiable: result.proxiable ?? false,
      createdOn: result.created_on,
      modifiedOn: result.modified_on,
      content: result.content,
      proxied: result.proxied ?? false,
    };
    return { id: result.id, inputs: inputsOf(result, zoneId, last), outputs };
  },
});

function inputsOf(found: Answer, zoneId: string, last: Inputs | undefined): Inputs {
  const { content, priority, comment, tags } = found;
  const withData = last === undefined ? given(found.data) : last.data !== undefined;
  return inputs.parse({
    zoneId,
    // Cloudflare answers with the full name; the program may omit the zone.
    name: last !== undefined && found.name.startsWith(`${last.name}.`) ? last.name : found.name,
    type: found.type,
    ttl: found.ttl,
    // Cloudflare derives the content of a record with data.
    ...(withData ? { data: found.data ?? {} } : { content }),
    // Its default is false, so an import reads only true.
    ...((last?.proxied !== undefined || found.proxied === true) && { proxied: found.proxied ?? false }),
    ...(given(priority) && { priority }),
    ...(given(comment) && comment !== "" && { comment }),
    ...(given(tags) && tags.length > 0 && { tags }),
  });
}

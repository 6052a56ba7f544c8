import { z } from "zod";

import type { CertificateFacts } from "../common/certificateFacts.ts";
import { segment } from "../http/http.ts";
import type { JsonClient } from "../http/jsonClient.ts";
import { allPages, pageInfo } from "./cloudflarePages.ts";
import type { DnsHost } from "./dnsHost.ts";

/** The most that a page of certificate packs holds (the method's page, below). */
const PAGE_SIZE = 50;

/** A pack holds the same certificate once for each kind of key. Cloudflare renews all but those that a customer has uploaded. */
const packAnswer = z
  .object({
    type: z.string(),
    certificates: z.array(z.object({ id: z.string(), hosts: z.array(z.string()), expires_on: z.string().nullish() })),
  })
  .transform(({ type, certificates }): CertificateFacts[] =>
    certificates.map(({ id, hosts, expires_on: end }) => ({
      id,
      hosts,
      expiresAt: end ? new Date(end) : undefined,
      isRenewed: !type.includes("custom"),
    })),
  );
const packsAnswer = z.object({ result: z.array(packAnswer), result_info: pageInfo });

/**
 * The certificates that Cloudflare presents for a zone's proxied names
 * (https://developers.cloudflare.com/api/resources/ssl/subresources/certificate_packs/methods/list).
 */
export function cloudflareCertificates(call: JsonClient): Pick<DnsHost, "certificates"> {
  return {
    certificates: async (zone, signal) => {
      const path = `/zones/${segment(zone)}/ssl/certificate_packs`;
      const packs = await allPages((page) => {
        const query = { status: "all", page, per_page: PAGE_SIZE };
        return call({ method: "GET", path, query, answer: packsAnswer, signal });
      });
      return packs.flat();
    },
  };
}

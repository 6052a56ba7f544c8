import { z } from "zod";

import { serveProvider } from "../../../../provider/host/index.ts";
import { localAddress } from "../address.ts";
import { textAt, tokenFrom } from "../rest.ts";
import { dnsRecord } from "./dnsRecord.ts";
import { zone } from "./zone.ts";

await serveProvider({
  name: "cloudflare",
  version: "6.22.1",
  config: z.object({ baseUrl: z.string().optional(), apiToken: z.string().optional() }),
  context: ({ baseUrl, apiToken }) => ({
    service: {
      name: "Cloudflare",
      // As with the official plugin, the address includes /client/v4.
      address: localAddress(baseUrl ?? process.env["CLOUDFLARE_BASE_URL"], "cloudflare:baseUrl"),
      headers: { authorization: `Bearer ${tokenFrom(apiToken, "CLOUDFLARE_API_TOKEN")}` },
      faultOf: (body: unknown) =>
        [textAt(body, "errors.0.message"), textAt(body, "errors.0.error_chain.0.message")].filter(Boolean).join(": "),
    },
  }),
  resources: {
    "cloudflare:index/zone:Zone": zone,
    "cloudflare:index/dnsRecord:DnsRecord": dnsRecord,
  },
});

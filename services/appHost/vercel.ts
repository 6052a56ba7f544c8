import type { AppHost } from "./appHost.ts";
import type { EdgeMark } from "./edge.ts";
import { VERCEL, type VercelAccess, vercelApi } from "./vercelApi.ts";
import { vercelCrons } from "./vercelCrons.ts";
import { vercelDeployments } from "./vercelDeployments.ts";
import { vercelListing } from "./vercelListing.ts";
import { vercelNames } from "./vercelNames.ts";
import { vercelProjects } from "./vercelProjects.ts";
import { vercelProtection } from "./vercelProtection.ts";
import { buildSettingsIn } from "./vercelSettings.ts";
import { vercelSetUp } from "./vercelSetUp.ts";
import { vercelToken } from "./vercelToken.ts";

/** The mark of Vercel's edge in its answers (https://vercel.com/docs/headers/response-headers#x-vercel-id). */
export const VERCEL_EDGE: EdgeMark = { host: VERCEL.name, header: "x-vercel-id" };

/** Applications on Vercel. */
export function vercelApps(access: VercelAccess): AppHost {
  const call = vercelApi(access);
  return {
    ...VERCEL,
    // https://vercel.com/docs/domains/working-with-domains/add-a-domain
    dnsTarget: "cname.vercel-dns.com",
    // https://vercel.com/docs/domains/working-with-ssl
    certificateAuthority: "letsencrypt.org",
    deploymentVariable: "VERCEL_DEPLOYMENT_ID",
    // https://vercel.com/docs/deployments/vercel-ignore
    ignoreFile: ".vercelignore",
    ...vercelListing(call),
    ...vercelProjects(call),
    buildSettingsIn,
    ...vercelDeployments(call),
    ...vercelCrons(call),
    ...vercelProtection(call),
    ...vercelSetUp(call),
    ...vercelNames(call),
    ...vercelToken(call),
  };
}

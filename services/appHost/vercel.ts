import type { AppHost } from "./appHost.ts";
import type { EdgeMark } from "./edge.ts";
import { VERCEL, type VercelAccess, vercelApi } from "./vercelApi.ts";
import { vercelCrons } from "./vercelCrons.ts";
import { vercelDeployments } from "./vercelDeployments.ts";
import { vercelListing } from "./vercelListing.ts";
import { vercelLive } from "./vercelLive.ts";
import { vercelNames } from "./vercelNames.ts";
import { vercelProjects } from "./vercelProjects.ts";
import { vercelProtection } from "./vercelProtection.ts";
import { vercelReleases } from "./vercelReleases.ts";
import { buildSettingsIn, vercelSettings } from "./vercelSettings.ts";
import { vercelSetUp } from "./vercelSetUp.ts";
import { vercelToken } from "./vercelToken.ts";

/** The mark of Vercel's edge in its answers (https://vercel.com/docs/headers/response-headers#x-vercel-id). */
export const VERCEL_EDGE: EdgeMark = { host: VERCEL.name, header: "x-vercel-id" };

/** What a public name's CNAME or A record holds (https://vercel.com/docs/domains/working-with-domains/add-a-domain). */
const TARGET = "cname.vercel-dns.com";
const ADDRESS = "76.76.21.21";
/** Newer projects get names of their own, such as d1d4fc829fe7bc7c.vercel-dns-017.com. */
const OWN_NAME = /(?:^|\.)vercel-dns(?:-\d+)?\.com\.?$/i;

/** Applications on Vercel. */
export function vercelApps(access: VercelAccess): AppHost {
  const call = vercelApi(access);
  return {
    ...VERCEL,
    tokenName: access.tokenName ?? VERCEL.tokenName,
    dnsTarget: TARGET,
    dnsAddress: ADDRESS,
    isDnsTarget: (content) => content === ADDRESS || OWN_NAME.test(content),
    // https://vercel.com/docs/domains/working-with-ssl
    certificateAuthority: "letsencrypt.org",
    deploymentVariable: "VERCEL_DEPLOYMENT_ID",
    // https://vercel.com/docs/deployments/vercel-ignore
    ignoreFile: ".vercelignore",
    ...vercelListing(call),
    ...vercelProjects(call),
    ...vercelLive(call),
    buildSettingsIn,
    ...vercelSettings(call),
    ...vercelDeployments(call),
    ...vercelReleases(call),
    ...vercelCrons(call),
    ...vercelProtection(call),
    ...vercelSetUp(call),
    ...vercelNames(call),
    ...vercelToken(call),
  };
}

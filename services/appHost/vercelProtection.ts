import { z } from "zod";

import type { JsonClient } from "../http/jsonClient.ts";
import type { AppHost } from "./appHost.ts";
import { isGenerated } from "./vercelNames.ts";
import { projectPath } from "./vercelProjects.ts";

/** The note that Vercel shows beside the secret that is made here. */
const BYPASS_NOTE = "castchat-recovery asks deployments for their health";
/** https://vercel.com/docs/deployment-protection/methods-to-bypass-deployment-protection/protection-bypass-automation */
const BYPASS_HEADER = "x-vercel-protection-bypass";

/** A project's secrets that open its protected deployments, as keys of an object. */
const bypassAnswer = z
  .object({
    protectionBypass: z.record(z.string(), z.object({ scope: z.string(), note: z.string().nullish() })).nullish(),
  })
  .transform(({ protectionBypass }) =>
    Object.entries(protectionBypass ?? {})
      .filter(([, { scope }]) => scope === "automation-bypass")
      .map(([secret, { note }]) => ({ secret, note })),
  );

/**
 * The way through Vercel's deployment protection. Every new project has Standard Protection, which answers 401 on all addresses that Vercel
 * generates, also in production. A pass is one of the project's bypass secrets; a project without a secret gets one.
 *
 * The secret is read from Vercel each time and stored nowhere. The official resource has it in its id, which states contain in clear text
 * (terraform-provider-vercel v5.4.1, vercel/resource_project_protection_bypass.go), and would use it even after it was revoked.
 */
export function vercelProtection(call: JsonClient): Pick<AppHost, "passFor"> {
  /** Our secret, or any other of the project: a second one would open no more. */
  const bypassSecret = async (projectId: string, signal?: AbortSignal): Promise<string> => {
    const there = await call({ method: "GET", path: projectPath(projectId), answer: bypassAnswer, signal });
    const known = there.find(({ note }) => note === BYPASS_NOTE) ?? there[0];
    if (known !== undefined) return known.secret;
    // https://vercel.com/docs/rest-api/projects/update-protection-bypass-for-automation
    const path = `${projectPath(projectId, "v1")}/protection-bypass`;
    const body = { generate: { note: BYPASS_NOTE } };
    const [made] = await call({ method: "PATCH", path, body, answer: bypassAnswer, signal });
    if (made !== undefined) return made.secret;
    throw new Error(
      `Vercel made no bypass secret for project ${projectId}, so the health of its deployments cannot be checked: run the same command again.`,
    );
  };
  return {
    passFor: async (projectId, address, signal) =>
      isGenerated(new URL(address).host)
        ? { header: BYPASS_HEADER, secret: await bypassSecret(projectId, signal) }
        : undefined,
  };
}

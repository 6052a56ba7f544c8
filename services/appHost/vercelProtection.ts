import { z } from "zod";

import type { AppHost } from "./appHost.ts";
import type { VercelApi } from "./vercelApi.ts";
import { isGenerated } from "./vercelNames.ts";
import { projectPath } from "./vercelProjects.ts";

/** How Vercel shows the secret that is made here. */
const BYPASS_NOTE = "castchat-recovery asks deployments for their health";
/** https://vercel.com/docs/deployment-protection/methods-to-bypass-deployment-protection/protection-bypass-automation */
const BYPASS_HEADER = "x-vercel-protection-bypass";

/** A project's secrets that open its protected deployments: they are the keys. */
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
 * The way through Vercel's deployment protection: Standard Protection, which every new project has, answers 401 on all addresses that
 * Vercel generates, production's included. A pass is one of the project's bypass secrets; a project without one gets one.
 *
 * The secret is read from Vercel each time and kept nowhere. The official resource for it has the secret in its id
 * (terraform-provider-vercel v5.4.1, vercel/resource_project_protection_bypass.go), which a state holds in clear and the engine shows; and
 * a recovery would still use it after it was revoked in Vercel.
 */
export function vercelProtection(call: VercelApi): Pick<AppHost, "passFor"> {
  /** Ours, or any other that the project has: a second one would open no more. */
  const bypassSecret = async (projectId: string, signal?: AbortSignal): Promise<string> => {
    const there = await call({ method: "GET", path: projectPath(projectId), answer: bypassAnswer, signal });
    const known = there.find(({ note }) => note === BYPASS_NOTE) ?? there[0];
    if (known !== undefined) return known.secret;
    // Path and body as Vercel's own provider has them (terraform-provider-vercel v5.4.1, client/project_protection_bypass.go).
    const path = `${projectPath(projectId, "v10")}/protection-bypass`;
    const body = { generate: { note: BYPASS_NOTE } };
    const [made] = await call({ method: "PATCH", path, body, answer: bypassAnswer, signal });
    if (made !== undefined) return made.secret;
    throw new Error(
      `Vercel made no bypass secret for project ${projectId}, so its deployments cannot be asked for their health: run again.`,
    );
  };
  return {
    passFor: async (projectId, address, signal) =>
      isGenerated(new URL(address).host)
        ? { header: BYPASS_HEADER, secret: await bypassSecret(projectId, signal) }
        : undefined,
  };
}

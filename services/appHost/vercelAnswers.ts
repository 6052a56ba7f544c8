import { z } from "zod";

// What Vercel answers, as far as the product reads it (https://vercel.com/docs/rest-api). Only services/appHost/vercel.ts uses these.

/** A deployment; a listing calls some fields differently. */
export const deploymentAnswer = z
  .object({
    id: z.string().optional(),
    uid: z.string().optional(),
    url: z.string(),
    readyState: z.string().optional(),
    state: z.string().optional(),
    projectId: z.string().optional(),
    target: z.string().nullish(),
    errorCode: z.string().nullish(),
    errorMessage: z.string().nullish(),
    meta: z.record(z.string(), z.unknown()).nullish(),
    gitMetadata: z.object({ commitSha: z.string().optional() }).nullish(),
  })
  .transform((answer, context) => {
    const id = answer.id ?? answer.uid;
    if (!id) {
      context.addIssue({ code: "custom", message: "the deployment has no id" });
      return z.NEVER;
    }
    const commit = answer.meta?.["githubCommitSha"] ?? answer.gitMetadata?.commitSha;
    return {
      id,
      /** Address with its scheme. */
      url: answer.url.startsWith("http") ? answer.url : `https://${answer.url}`,
      /** QUEUED, INITIALIZING, BUILDING, READY, ERROR or CANCELED. */
      state: answer.readyState ?? answer.state ?? "UNKNOWN",
      projectId: answer.projectId,
      target: answer.target ?? undefined,
      error: answer.errorMessage ?? answer.errorCode ?? undefined,
      commit: typeof commit === "string" ? commit : undefined,
    };
  });

/** One deployment. */
export type VercelDeployment = z.infer<typeof deploymentAnswer>;

/** A domain. */
export const domainAnswer = z.object({
  name: z.string(),
  projectId: z.string().optional(),
  verified: z.boolean().optional().default(true),
  verification: z.array(z.object({ type: z.string(), domain: z.string(), value: z.string() })).nullish(),
});

/** A domain of a project; one that is not verified names the records that prove it. */
export type VercelDomain = z.infer<typeof domainAnswer>;

/** A project. */
export const projectAnswer = z.object({
  id: z.string(),
  name: z.string(),
  targets: z.object({ production: z.object({ id: z.string() }).nullish() }).nullish(),
  autoExposeSystemEnvs: z.boolean().nullish(),
});

/** A project's secrets that open its protected deployments: they are the keys. */
export const bypassAnswer = z.object({
  protectionBypass: z.record(z.string(), z.object({ scope: z.string(), note: z.string().nullish() })).nullish(),
});

/** Where a name leads (https://vercel.com/docs/rest-api/aliases/get-an-alias). */
export const aliasAnswer = z.object({ deploymentId: z.string(), projectId: z.string() });

/** The deployment and project that Vercel serves a name from. */
export type VercelAlias = z.infer<typeof aliasAnswer>;

/** A project and the deployment that serves its production. */
export type VercelProject = z.infer<typeof projectAnswer>;

/** A project's environment variables. */
export const envAnswer = z.object({
  envs: z.array(
    z.object({
      id: z.string().optional(),
      key: z.string(),
      type: z.string().optional(),
      target: z.union([z.string(), z.array(z.string())]).nullish(),
    }),
  ),
});

/** Name, kind and targets of an environment variable; its value is never asked for. */
export interface VercelVariable {
  key: string;
  type: string;
  targets: string[];
}

/** Every refusal. */
export const errorAnswer = z.object({
  error: z.object({ code: z.string().optional(), message: z.string().optional() }),
});
/** The refusal of a deployment whose files are not all there. */
export const missingAnswer = z.object({ error: z.object({ missing: z.array(z.string()) }) });

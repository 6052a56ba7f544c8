import { z } from "zod";

import type { Deployment } from "./appHost.ts";

const STATES: Readonly<Record<string, Deployment["state"]>> = { READY: "ready", ERROR: "failed", CANCELED: "failed" };

/** A deployment. A listing has other names for some fields. */
export const deploymentAnswer = z
  .object({
    id: z.string().optional(),
    uid: z.string().optional(),
    url: z.string(),
    /** QUEUED, INITIALIZING, BUILDING, READY, ERROR or CANCELED. */
    readyState: z.string().optional(),
    state: z.string().optional(),
    projectId: z.string().optional(),
    errorCode: z.string().nullish(),
    errorMessage: z.string().nullish(),
    meta: z.record(z.string(), z.unknown()).nullish(),
  })
  .transform((answer, context): Deployment => {
    const id = answer.id ?? answer.uid;
    if (!id) {
      context.addIssue({ code: "custom", message: "the deployment has no id" });
      return z.NEVER;
    }
    const commit = answer.meta?.["githubCommitSha"];
    const status = answer.readyState ?? answer.state ?? "UNKNOWN";
    return {
      id,
      url: answer.url.startsWith("http") ? answer.url : `https://${answer.url}`,
      projectId: answer.projectId,
      state: STATES[status] ?? "pending",
      status,
      error: answer.errorMessage ?? answer.errorCode ?? undefined,
      commit: typeof commit === "string" ? commit : undefined,
    };
  });

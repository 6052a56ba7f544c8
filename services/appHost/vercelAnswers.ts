import { z } from "zod";

import type { Deployment } from "./deployment.ts";

/** A blocked deployment waits for a person, who has to change something first. */
const STATES: Readonly<Record<string, Deployment["state"]>> = {
  READY: "ready",
  ERROR: "failed",
  CANCELED: "failed",
  BLOCKED: "failed",
};

/** Source: https://vercel.com/docs/deployments/troubleshoot-project-collaboration */
const BLOCKS: Readonly<Record<string, string>> = {
  COMMIT_AUTHOR_REQUIRED:
    "Vercel blocks it, because it does not know the commit's author as a member of the team; add the author to the team, or commit as a member",
  TEAM_ACCESS_REQUIRED:
    "Vercel blocks it, because the commit's author has no access to the project; give the author access, or commit as a member who has it",
};
const A_BLOCK = "Vercel blocks it until a person allows it in the dashboard";

/** A deployment. A listing has other names for some fields. */
export const deploymentAnswer = z
  .object({
    id: z.string().optional(),
    uid: z.string().optional(),
    url: z.string(),
    /** QUEUED, INITIALIZING, BUILDING, READY, ERROR, CANCELED or BLOCKED. */
    readyState: z.string().optional(),
    state: z.string().optional(),
    projectId: z.string().optional(),
    errorCode: z.string().nullish(),
    errorMessage: z.string().nullish(),
    readyStateReason: z.string().nullish(),
    seatBlock: z.object({ blockCode: z.string() }).nullish(),
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
      error: status === "BLOCKED" ? blockOf(answer) : (answer.errorMessage ?? answer.errorCode ?? undefined),
      commit: typeof commit === "string" ? commit : undefined,
    };
  });

function blockOf(answer: {
  seatBlock?: { blockCode: string } | null | undefined;
  readyStateReason?: string | null | undefined;
  errorMessage?: string | null | undefined;
}): string {
  const { seatBlock, readyStateReason, errorMessage } = answer;
  const own = readyStateReason ?? errorMessage;
  return BLOCKS[seatBlock?.blockCode ?? ""] ?? (own ? `${A_BLOCK}: ${own}` : A_BLOCK);
}

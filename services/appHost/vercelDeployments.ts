import { z } from "zod";

import { segment, ServiceError, unlessNotFound } from "../http/http.ts";
import type { JsonClient } from "../http/jsonClient.ts";
import type { AppHost } from "./appHost.ts";
import { deploymentAnswer } from "./vercelAnswers.ts";
import { projectPath } from "./vercelProjects.ts";
import { uploadAndStart } from "./vercelUpload.ts";

const listAnswer = z.object({ deployments: z.array(z.unknown()) });

/** Vercel's deployments. */
export function vercelDeployments(
  call: JsonClient,
): Pick<AppHost, "deploy" | "deployment" | "hasDeployments" | "promoteDeployment" | "deleteDeployment"> {
  const path = (id: string): string => `/v13/deployments/${segment(id)}`;
  return {
    deploy: (source, reporter, signal) => uploadAndStart(call, source, reporter, signal),
    deployment: (id, signal) =>
      unlessNotFound(call({ method: "GET", path: path(id), answer: deploymentAnswer, signal })),
    hasDeployments: async (projectId, signal) => {
      const query = { projectId, limit: 1 };
      const listed = await call({ method: "GET", path: "/v7/deployments", query, answer: listAnswer, signal });
      return listed.deployments.length > 0;
    },
    promoteDeployment: async (projectId, id, signal) => {
      const promotion = `${projectPath(projectId, "v10")}/promote/${segment(id)}`;
      try {
        await call({ method: "POST", path: promotion, answer: z.unknown(), repeatable: true, signal });
      } catch (error) {
        if (!(error instanceof ServiceError && error.status === 409)) throw error;
      }
    },
    deleteDeployment: async (id, signal) => {
      await unlessNotFound(call({ method: "DELETE", path: path(id), answer: z.unknown(), signal }));
    },
  };
}

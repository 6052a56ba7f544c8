import { z } from "zod";

import { segment, unlessNotFound } from "../http/http.ts";
import type { JsonClient } from "../http/jsonClient.ts";
import type { RepositoryInspection } from "./codeHost.ts";

const contentAnswer = z.union([
  z.array(z.object({ name: z.string() })).transform((entries) => ({ names: entries.map(({ name }) => name) })),
  z
    .object({ type: z.string(), content: z.string().optional(), encoding: z.string().optional() })
    .transform(({ content = "", encoding }) => ({
      text: encoding === "base64" ? Buffer.from(content, "base64").toString("utf8") : content,
    })),
]);

const permissionsAnswer = z.object({ enabled: z.boolean() });

/** Files, folders and workflows of a repository (https://docs.github.com/rest/repos/contents#get-repository-content). */
export function githubContent(call: JsonClient, repositoryPath: (fullName: string) => string): RepositoryInspection {
  return {
    content: async (fullName, path, signal) => {
      const place = `${repositoryPath(fullName)}/contents/${path.split("/").map(segment).join("/")}`;
      return await unlessNotFound(call({ method: "GET", path: place, answer: contentAnswer, signal }));
    },
    // https://docs.github.com/rest/actions/permissions#get-github-actions-permissions-for-a-repository
    runsWorkflows: async (fullName, signal) => {
      const path = `${repositoryPath(fullName)}/actions/permissions`;
      return (await unlessNotFound(call({ method: "GET", path, answer: permissionsAnswer, signal })))?.enabled;
    },
  };
}

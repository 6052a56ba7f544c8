import { z } from "zod";

import { segment, unlessNotFound } from "../http/http.ts";
import type { JsonClient } from "../http/jsonClient.ts";
import type { RepositoryInspection } from "./codeHost.ts";

const fileAnswer = z.object({ content: z.string(), encoding: z.string() });
const treeAnswer = z.array(z.object({ name: z.string() }));
const jobsAnswer = z.object({ builds_access_level: z.string().optional(), jobs_enabled: z.boolean().optional() });

/** GitLab's name for the newest commit of the default branch. */
const NEWEST = "HEAD";
/** A folder with more entries shows the first ones. */
const MOST_ENTRIES = 100;

/**
 * Files, folders and pipelines of a project. Sources: https://docs.gitlab.com/api/repository_files and https://docs.gitlab.com/api/repositories (tree).
 */
export function gitlabContent(call: JsonClient, projectPath: (fullName: string) => string): RepositoryInspection {
  return {
    content: async (fullName, path, signal) => {
      const repository = `${projectPath(fullName)}/repository`;
      const file = await unlessNotFound(
        call({
          method: "GET",
          path: `${repository}/files/${segment(path)}`,
          query: { ref: NEWEST },
          answer: fileAnswer,
          signal,
        }),
      );
      if (file !== undefined)
        return {
          text: file.encoding === "base64" ? Buffer.from(file.content, "base64").toString("utf8") : file.content,
        };
      const query = { path, ref: NEWEST, per_page: MOST_ENTRIES };
      const entries = await unlessNotFound(
        call({ method: "GET", path: `${repository}/tree`, query, answer: treeAnswer, signal }),
      );
      return entries === undefined || entries.length === 0 ? undefined : { names: entries.map(({ name }) => name) };
    },
    runsWorkflows: async (fullName, signal) => {
      const project = await unlessNotFound(
        call({ method: "GET", path: projectPath(fullName), answer: jobsAnswer, signal }),
      );
      return project && (project.builds_access_level ?? (project.jobs_enabled ? "enabled" : "disabled")) !== "disabled";
    },
  };
}

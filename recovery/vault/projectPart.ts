import { z } from "zod";

import { parseStored } from "../postgres/catalog/parseStored.ts";

const projectSchema = z.object({
  functions: z.array(
    z.object({
      slug: z.string(),
      name: z.string(),
      verifyJwt: z.boolean(),
      importMap: z.boolean(),
      entrypointPath: z.string().optional(),
      importMapPath: z.string().optional(),
    }),
  ),
  /** The largest size of a storage object, in bytes. */
  storageSizeLimit: z.number().optional(),
  /** Only in encrypted backups. */
  authSettings: z.record(z.string(), z.unknown()).optional(),
  /** Names of the settings whose values the platform never returns. */
  secretAuthSettings: z.array(z.string()).optional(),
});

/** The part project.json: the settings of edge functions and of the auth service. */
export type ProjectPart = z.infer<typeof projectSchema>;

/** The text that is stored. */
export function projectText(part: ProjectPart): string {
  return JSON.stringify(part, undefined, 1) + "\n";
}

/**
 * Parses the stored text.
 *
 * @throws PromiseError, without quoting the text, if it is not of this format
 */
export function parseProject(text: string): ProjectPart {
  return parseStored(projectSchema, text, "project.json is");
}

import { z } from "zod";

import { PromiseError } from "../../services/common/errors.ts";

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
  /** Bytes that an object of storage might have at most. */
  storageSizeLimit: z.number().optional(),
  /** In encrypted backups alone. */
  authSettings: z.record(z.string(), z.unknown()).optional(),
  /** Names of the settings whose values the platform gives to nobody. */
  secretAuthSettings: z.array(z.string()).optional(),
});

/** The part project.json: how edge functions and the auth service are set up. */
export type ProjectPart = z.infer<typeof projectSchema>;

/** The text that is stored. */
export function projectText(part: ProjectPart): string {
  return JSON.stringify(part, undefined, 1) + "\n";
}

/** Reads the stored text. PromiseError, without any of it, when it is none. */
export function parseProject(text: string): ProjectPart {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // The parser's own message would quote what it could not read.
    throw new PromiseError("project.json is not in a form that is understood");
  }
  const parsed = projectSchema.safeParse(json);
  if (!parsed.success) throw new PromiseError("project.json is not in a form that is understood");
  return parsed.data;
}

import { z } from "zod";
import { given, restRow } from "../rest.ts";
import type { RestContext } from "../rest.ts";

/** Vercel's API, and the team whose projects these are. */
export interface VercelContext extends RestContext {
  team: string | undefined;
}

const text = z.string().optional();
const inputs = z.strictObject({
  name: z.string().regex(/^[a-z0-9._-]{1,100}$/, "A project's name has at most 100 small letters, digits and ._-"),
  buildCommand: text,
  devCommand: text,
  installCommand: text,
  outputDirectory: text,
  rootDirectory: text,
  nodeVersion: text,
  publicSource: z.boolean().optional(),
});
type Inputs = z.infer<typeof inputs>;

const answer = z.object({
  id: z.string(),
  name: z.string(),
  buildCommand: z.string().nullish(),
  devCommand: z.string().nullish(),
  installCommand: z.string().nullish(),
  outputDirectory: z.string().nullish(),
  rootDirectory: z.string().nullish(),
  nodeVersion: z.string().nullish(),
  publicSource: z.boolean().nullish(),
});
type Answer = z.infer<typeof answer>;

/** vercel:index/project:Project. Without `framework`: with one, the official plugin calls a further host. */
export const project = restRow<VercelContext, Answer, Inputs, { nodeVersion?: string }>({
  inputs,
  autoName: { property: "name" },
  answer,
  collection: () => "/v8/projects",
  item: (_context, id) => `/v8/projects/${id}`,
  change: "PATCH",
  // null sets a setting back to Vercel's own choice.
  body: (settings, olds) => ({ ...Object.fromEntries(Object.keys(olds ?? {}).map((key) => [key, null])), ...settings }),
  state({ id, nodeVersion, ...found }, last) {
    const settings = Object.entries({ ...found, nodeVersion })
      // What Vercel chooses by itself is no drift; what someone has set beside the program is.
      .filter(([key, value]) => given(value) && (key !== "nodeVersion" || last?.nodeVersion !== undefined));
    const outputs = given(nodeVersion) ? { nodeVersion } : {};
    return { id, inputs: inputs.parse(Object.fromEntries(settings)), outputs };
  },
});

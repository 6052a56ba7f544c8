import { z } from "zod";

import { parseStored } from "../postgres/catalog/parseStored.ts";

const object = z.string().regex(/^[0-9a-f]{40,64}$/);

/** What a manifest says of a repository, in clear: enough to find its chain, and to see that nothing has changed. */
export const storedRepositorySchema = z.object({
  /** "owner/name" at the code host. */
  fullName: z.string().min(1),
  /** Hash of the stored repository.json, which depends only on the refs and the default branch. */
  state: z.string().min(1),
  /** Id of the backup whose bundle this one needs. Absent in one that is complete by itself. */
  base: z.string().optional(),
});
export type StoredRepositoryState = z.infer<typeof storedRepositorySchema>;

const repositorySchema = z.object({
  format: z.literal(1),
  /** Absent if the repository has no commit. */
  defaultBranch: z.string().optional(),
  /** The branches, tags and notes, by full name. A name with a space or a control character would be another command to git. */
  refs: z.array(z.object({ name: z.string().regex(/^refs\/(heads|tags|notes)\/[^\s\p{Cc}]+$/u), object })),
});

/** The part repository.json. */
export type RepositoryPart = z.infer<typeof repositorySchema>;

/** The text that is stored. */
export function repositoryText({ defaultBranch, refs }: Omit<RepositoryPart, "format">): string {
  const sorted = [...refs].sort((a, b) => (a.name < b.name ? -1 : 1));
  const plain = sorted.map(({ name, object: id }) => ({ name, object: id }));
  return JSON.stringify({ format: 1, defaultBranch, refs: plain }, undefined, 1) + "\n";
}

/**
 * Parses the stored text.
 *
 * @throws PromiseError, without quoting the text, if it is not of this format
 */
export function parseRepository(text: string): RepositoryPart {
  return parseStored(repositorySchema, text, "repository.json is");
}

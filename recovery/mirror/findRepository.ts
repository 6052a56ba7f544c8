import type { CodeHost, RepositoryState } from "../../services/codeHost/codeHost.ts";
import { UserError } from "../../services/common/errors.ts";

/** A repository of a code host, as the settings name it. */
export interface NamedRepository {
  host: CodeHost;
  /** As the settings name it: "owner/name", or a path with groups. */
  fullName: string;
  /** Address of a repository of this host. */
  urlOf: (fullName: string) => string;
}

/** A repository where the host has it now. */
export interface FoundRepository extends RepositoryState {
  url: string;
  /** What to correct in the settings, in sentences. */
  notes: string[];
}

/**
 * A repository, also if it was renamed or transferred; the notes then say what to correct.
 *
 * @throws UserError if the token sees none of that name
 */
export async function findRepository(
  { host, fullName, urlOf }: NamedRepository,
  signal: AbortSignal,
): Promise<FoundRepository> {
  const found = await host.repository(fullName, signal);
  if (found === undefined)
    throw new UserError(
      `${host.name} shows no repository ${fullName}. It was deleted or renamed, or ${host.tokenName} does not reach it: a fine-grained token reaches one owner. Look at ${urlOf(fullName).replace(/\.git$/, "")} as a person, then correct the settings or the token.`,
    );
  const notes =
    found.fullName.toLowerCase() === fullName.toLowerCase()
      ? []
      : [
          `${fullName} is now ${found.fullName}: put the new name into the settings. ${host.name} gives the old name to the next repository that takes it.`,
        ];
  if (found.isArchived) notes.push(`${found.fullName} is archived: ${host.name} takes no push to it.`);
  return { ...found, url: urlOf(found.fullName), notes };
}

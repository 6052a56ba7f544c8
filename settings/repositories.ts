import { z } from "zod";

import { cloneUrl, type CodeHostKind } from "../planning/names.ts";
import { type App, REPOSITORY } from "./apps.ts";
import type { Endpoints } from "./endpoints.ts";
import { text } from "./text.ts";

/**
 * A project on GitLab with its groups. The project's own slug keeps the rules for a new one, the groups may be older than these. Source:
 * https://docs.gitlab.com/user/reserved_names
 */
const GITLAB_PROJECT = /^(?:(?!-)(?!\.+\/)[A-Za-z0-9_.-]+\/)+(?!.*\.(?:git|atom)$)[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*$/;

/** A repository beside those of the apps, or one of theirs with a mirror on GitLab. */
const REPOSITORY_ENTRY = z
  .strictObject(
    {
      repository: text(REPOSITORY, "a GitHub repository as owner/name"),
      /** Standby only: its mirror on GitHub. */
      mirror: text(REPOSITORY, "a GitHub repository as owner/name").optional(),
      /** Standby only: its mirror on GitLab. The groups exist already. */
      gitlabMirror: text(GITLAB_PROJECT, "a GitLab project with its group, as group/name").optional(),
    },
    { error: "an object with repository, and mirror or gitlabMirror" },
  )
  .readonly();

/** The repositories that `repositories` lists. */
export const REPOSITORIES = z.array(REPOSITORY_ENTRY, { error: "a list of repositories" }).readonly();

/** What names an app's repository and its mirror on GitHub. */
export type MirroredApp = Pick<App, "repository" | "mirror">;

/** The settings that name repositories and their mirrors. */
export interface MirrorSettings {
  readonly apps: readonly MirroredApp[];
  readonly repositories?: z.output<typeof REPOSITORIES> | undefined;
  readonly endpoints: Pick<Endpoints, CodeHostKind>;
}

/** A mirror of a repository. */
export interface Mirror {
  /** The host that it is on. */
  readonly kind: CodeHostKind;
  /** `owner/name`; on GitLab `group/…/name`. */
  readonly fullName: string;
  /** The address that git clones. */
  readonly url: string;
}

/** A repository, and its mirrors. */
export interface MirroredRepository {
  /** `owner/name` on GitHub. */
  readonly repository: string;
  /** At most one of a kind; a primary has none. */
  readonly mirrors: readonly Mirror[];
}

/** A mirror as the settings name it, in the order of the settings. */
export interface NamedMirror {
  /** The setting that names it. */
  readonly key: "apps" | "repositories";
  /** Place in that list. */
  readonly index: number;
  /** Key within the entry. */
  readonly field: "mirror" | "gitlabMirror";
  readonly kind: CodeHostKind;
  readonly repository: string;
  readonly fullName: string;
}

/** The mirrors that the settings name, those of the apps first. */
export function* namedMirrors(settings: Omit<MirrorSettings, "endpoints">): Generator<NamedMirror> {
  for (const [index, { repository, mirror }] of settings.apps.entries())
    if (mirror !== undefined)
      yield { key: "apps", index, field: "mirror", kind: "github", repository, fullName: mirror };
  for (const [index, { repository, mirror, gitlabMirror }] of (settings.repositories ?? []).entries()) {
    const entry = { key: "repositories", index, repository } as const;
    if (mirror !== undefined) yield { ...entry, field: "mirror", kind: "github", fullName: mirror };
    if (gitlabMirror !== undefined) yield { ...entry, field: "gitlabMirror", kind: "gitlab", fullName: gitlabMirror };
  }
}

/** Every repository of the settings once, those of the apps first, with its mirrors. Names on code hosts have no case. */
export function mirroredRepositories(settings: MirrorSettings): MirroredRepository[] {
  const { apps, repositories = [], endpoints } = settings;
  const all = [...namedMirrors(settings)];
  const names = [...apps, ...repositories].map(({ repository }) => repository);
  return names
    .filter((name, index) => names.findIndex((one) => fold(one) === fold(name)) === index)
    .map((repository) => ({
      repository,
      mirrors: (["github", "gitlab"] as const).flatMap((kind) => {
        const mirror = all.find((one) => one.kind === kind && fold(one.repository) === fold(repository));
        if (mirror === undefined) return [];
        return [{ kind, fullName: mirror.fullName, url: cloneUrl(mirror.fullName, endpoints[kind], kind) }];
      }),
    }));
}

/** Where the parts of a stack are: Vercel projects, repositories (each once), and the names of the apps that have one, by their projects. */
export interface StackSources {
  vercelProjects: string[];
  repositories: string[];
  appNames?: Record<string, string>;
}

/** The projects and repositories of a stack. */
export function sourcesOf(
  settings: Pick<MirrorSettings, "repositories"> & { readonly apps: readonly App[] },
): StackSources {
  const named = settings.apps.flatMap(({ project, name }) => (name === undefined ? [] : [[project, name] as const]));
  return {
    vercelProjects: settings.apps.map(({ project }) => project),
    repositories: mirroredRepositories({ ...settings, endpoints: {} }).map(({ repository }) => repository),
    ...(named.length > 0 && { appNames: Object.fromEntries(named) }),
  };
}

/** The owner of the mirrors on GitHub. The check of the settings refuses several. */
export function mirrorOwnerOf(settings: Omit<MirrorSettings, "endpoints">): string | undefined {
  const first = [...namedMirrors(settings)].find(({ kind }) => kind === "github");
  return first?.fullName.split("/")[0];
}

/** A name without its case, to compare. */
export function fold(name: string): string {
  return name.toLowerCase();
}

import { cloneUrl } from "../planning/names.ts";
import type { NamedRepository } from "../recovery/mirror/findRepository.ts";
import type { NamedPair } from "../recovery/mirror/mirrorNamed.ts";
import type { CodeHost } from "../services/codeHost/codeHost.ts";
import { UserError } from "../services/common/errors.ts";
import type { Ports } from "../services/services.ts";
import {
  fold,
  type Mirror,
  type MirroredApp,
  mirroredRepositories,
  type MirrorSettings,
} from "../settings/repositories.ts";

/** What names a stack's mirrors: its settings fit, and those of a mirror run. */
export interface StackMirrors extends MirrorSettings {
  readonly stack: string;
  readonly apps: readonly (MirroredApp & { readonly branch: string })[];
}

/** A repository of the settings with one of its mirrors. */
export interface MirrorOfSettings extends NamedPair {
  repository: string;
  kind: Mirror["kind"];
}

/** A repository of GitHub, as the settings name it. */
export function sourceOf(settings: StackMirrors, host: CodeHost, repository: string): NamedRepository {
  return { host, fullName: repository, urlOf: (name) => cloneUrl(name, settings.endpoints.github) };
}

/** Branches of a repository from which apps are deployed. */
export function deployedBranchesOf({ apps }: StackMirrors, repository: string): string[] {
  return apps.filter((app) => fold(app.repository) === fold(repository)).map(({ branch }) => branch);
}

/**
 * Every mirror of a stack, or those of one repository.
 *
 * @throws UserError if there are none
 */
export function mirrorsOf(settings: StackMirrors, ports: Ports, repository?: string): MirrorOfSettings[] {
  const all = mirroredRepositories(settings).flatMap((one) => one.mirrors.map((mirror) => ({ ...one, mirror })));
  if (all.length === 0) throw new UserError(`Stack ${settings.stack} has no mirror. Name the standby's stack.`);
  const wanted = all.filter((one) => repository === undefined || fold(one.repository) === fold(repository));
  if (wanted.length === 0)
    throw new UserError(
      `Stack ${settings.stack} mirrors no repository ${repository ?? ""}. It mirrors ${[...new Set(all.map((one) => one.repository))].join(", ")}.`,
    );
  return wanted.map(({ repository: name, mirror: { kind, fullName } }) => ({
    repository: name,
    kind,
    deployedBranches: deployedBranchesOf(settings, name),
    source: sourceOf(settings, ports.codeHost(), name),
    mirror: {
      // A host without its token costs its own mirrors only.
      get host() {
        return ports.mirrorHost(kind);
      },
      fullName,
      urlOf: (at) => cloneUrl(at, settings.endpoints[kind], kind),
    },
  }));
}

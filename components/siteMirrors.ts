import type * as pulumi from "@pulumi/pulumi";

import type { CodeHostKind, Site } from "../planning/names.ts";
import type { App } from "../settings/apps.ts";
import { flatEndpoints } from "../settings/endpoints.ts";
import { nameOfPart } from "../settings/managedParts.ts";
import type { DeclaredMirrorRunSettings } from "../settings/mirrorRunSettings.ts";
import { fold, mirroredRepositories, type MirroredRepository } from "../settings/repositories.ts";
import type { StandbySettings } from "../settings/settings.ts";
import type { ApplicationRelease } from "./application.ts";
import { MirrorBuild } from "./mirrorBuild.ts";
import { MirrorRepository } from "./mirrorRepository.ts";
import type { SiteArgs } from "./siteArgs.ts";
import type { SiteOutputs } from "./siteOutputs.ts";

/** Declares the mirrors of each repository. */
export function mirrorCode(args: SiteArgs, opts: pulumi.ComponentResourceOptions): MirroredRepository[] {
  const { apps, protect } = args;
  const all = mirroredRepositories(args);
  for (const { repository, mirrors } of all)
    new MirrorRepository(
      nameOfMirror(repository, apps),
      {
        mirrorOf: repository,
        repositoryName: nameInOwner(mirrors.find(({ kind }) => kind === "github")?.fullName),
        gitlabProject: mirrors.find(({ kind }) => kind === "gitlab")?.fullName,
        protect,
      },
      opts,
    );
  return all;
}

/** Declares the builds that keep the mirrors current, if the settings ask for them. */
export function keepMirrorsCurrent(
  args: SiteArgs & Partial<Pick<StandbySettings, "mirrorIntervalHours">>,
  site: Site,
  opts: pulumi.ComponentResourceOptions,
): void {
  const { stack, apps, repositories, endpoints, mirrorIntervalHours: intervalHours, scheduledRun } = args;
  const { image, mirror } = scheduledRun;
  if (intervalHours === undefined || mirror === undefined) return;
  const settings: DeclaredMirrorRunSettings = {
    stack,
    region: args.awsRegion,
    apps: apps.map((app) => ({
      repository: app.repository,
      branch: app.branch,
      ...(app.mirror !== undefined && { mirror: app.mirror }),
    })),
    ...(repositories && repositories.length > 0 && { repositories }),
    ...flatEndpoints({ aws: endpoints.aws, github: endpoints.github, gitlab: endpoints.gitlab }),
  };
  new MirrorBuild("mirrors", { site, intervalHours, image, ...mirror, settings: JSON.stringify(settings) }, opts);
}

/**
 * Where an app's code is deployed from: its mirror on GitHub, then the one on GitLab. The check of the settings has refused a standby without the
 * first.
 */
export function mirrorsOf(
  { repository }: App,
  all: readonly MirroredRepository[],
): Pick<ApplicationRelease, "sourceUrl" | "fallbackUrls"> {
  const own = all.find((one) => fold(one.repository) === fold(repository));
  const [sourceUrl = "", ...fallbackUrls] = (own?.mirrors ?? []).map(({ url }) => url);
  return { sourceUrl, ...(fallbackUrls.length > 0 && { fallbackUrls }) };
}

/** Each repository with the clone address of its mirror of a kind. */
function urlsOf(kind: CodeHostKind, all: readonly MirroredRepository[]): [repository: string, url: string][] {
  return all.flatMap(({ repository, mirrors }) =>
    mirrors.flatMap((mirror): [string, string][] => (mirror.kind === kind ? [[repository, mirror.url]] : [])),
  );
}

/** A site's outputs of its mirrors. */
export function mirrorOutputs(all: readonly MirroredRepository[]): Partial<SiteOutputs> {
  const [github, gitlab] = [urlsOf("github", all), urlsOf("gitlab", all)];
  return {
    ...(github[0] && { mirrorUrl: github[0][1] }),
    ...(github.length > 1 && { mirrorUrls: Object.fromEntries(github) }),
    ...(gitlab.length > 0 && { gitlabMirrorUrls: Object.fromEntries(gitlab) }),
  };
}

/**
 * Name of a mirror's component: that of the first app of the repository. Without an app it is made of the repository's own name, with a dot, which
 * no app's name has.
 */
function nameOfMirror(repository: string, apps: readonly App[]): string {
  const app = apps.find((one) => fold(one.repository) === fold(repository));
  return nameOfPart("mirror", app ?? { name: fold(repository).replace("/", ".") });
}

/** A repository's name without its owner. */
function nameInOwner(repository: string | undefined): string | undefined {
  return repository?.slice(repository.indexOf("/") + 1);
}

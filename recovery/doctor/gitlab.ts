import { cloneUrl } from "../../planning/names.ts";
import { named } from "../../services/common/named.ts";
import { type Mirror, mirroredRepositories } from "../../settings/repositories.ts";
import { GITLAB_MIRROR_TOKEN } from "../../settings/runnerSettings.ts";
import { type Check, failed, ok, type Outcome, skipped, warning } from "./check.ts";
import type { Subject } from "./subject.ts";

const STEPS = "docs/accounts.md#step-by-step";

/** The mirrors on GitLab. */
export const GITLAB_CHECKS: readonly Check<Subject>[] = [
  { id: "gitlab.project", about: "project of a mirror", docs: STEPS, run: eachMirror(project) },
  { id: "gitlab.heads", about: "mirror", docs: STEPS, run: eachMirror(heads) },
].map((check) => ({ ...check, category: "GitLab" }));

/** A mirror, and what it mirrors. */
interface Mirrored extends Mirror {
  readonly repository: string;
}

/** A stack's mirrors on GitLab. */
export function gitlabMirrors({ settings }: Pick<Subject, "settings">): Mirrored[] {
  return mirroredRepositories(settings).flatMap(({ repository, mirrors }) =>
    mirrors.flatMap((mirror) => (mirror.kind === "gitlab" ? [{ ...mirror, repository }] : [])),
  );
}

/** Runs a check for each mirror. */
function eachMirror(run: (mirror: Mirrored, subject: Subject) => Promise<Outcome>) {
  return async (subject: Subject): Promise<Outcome[]> => {
    const mirrors = gitlabMirrors(subject);
    if (mirrors.length === 0) return [skipped("No repository has a mirror on GitLab.")];
    if (subject.outputs === undefined) return [skipped("The stack is not up yet, and creates the mirrors.")];
    return await Promise.all(mirrors.map((mirror) => run(mirror, subject)));
  };
}

async function project({ fullName }: Mirrored, { settings, ports, signal }: Subject): Promise<Outcome> {
  const host = ports.mirrorHost("gitlab");
  const found = await host.repository(fullName, signal);
  const up = `pulumi up -s ${settings.stack}`;
  if (found === undefined)
    return failed(
      `${GITLAB_MIRROR_TOKEN} sees no project ${fullName}.`,
      `pulumi refresh -s ${settings.stack}, then ${up}`,
    );
  if (found.isArchived) return failed(`${fullName} is archived, so that it takes no push.`, up);
  if (!found.isPrivate)
    return failed(
      `${fullName} is not private, so that others can read the code.`,
      `glab api -X PUT projects/${encodeURIComponent(fullName)} -f visibility=private`,
    );
  if ((await host.runsWorkflows(fullName, signal)) !== false)
    return warning(
      `Pipelines are on in ${fullName}: those that a push brings along run there, too.`,
      `glab api -X PUT projects/${encodeURIComponent(fullName)} -f builds_access_level=disabled`,
    );
  return ok(`${fullName} is private, takes pushes, and runs no pipeline.`);
}

async function heads({ fullName, repository, url }: Mirrored, { settings, ports, signal }: Subject): Promise<Outcome> {
  const git = ports.git();
  const [source = new Map<string, string>(), copy = new Map<string, string>()] = await Promise.all(
    [cloneUrl(repository, settings.endpoints.github), url].map(async (at) => {
      const refs = await git.remoteRefs(at, ["refs/heads/*"], signal);
      return new Map(refs.map(({ name, object }) => [name.slice("refs/heads/".length), object]));
    }),
  );
  const behind = [...source].filter(([name, object]) => copy.get(name) !== object).map(([name]) => name);
  if (behind.length === 0)
    return ok(`${fullName} has every branch of ${repository} (${source.size}) at its newest commit.`);
  return failed(
    `${fullName} lacks the newest commits of ${behind.length} of ${source.size} branches: ${named(behind)}.`,
    `castchat-recovery mirror -s ${settings.stack}`,
  );
}

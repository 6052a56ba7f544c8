import type { App } from "./apps.ts";
import { fold, type NamedMirror, namedMirrors } from "./repositories.ts";
import type { SettingValues } from "./schema.ts";
import { fault, type SettingFault } from "./settingFault.ts";

type Values = Partial<SettingValues>;

/** Checks the list of repositories, and the mirrors that it and the apps name. */
export function* mirrorFaults(values: Values): Generator<SettingFault> {
  yield* entryFaults(values);
  const { repositories = [] } = values;
  const apps: readonly App[] = values.apps ?? [];
  const sources = new Set([...apps, ...repositories].map(({ repository }) => fold(repository)));
  const mirrors = [...namedMirrors({ apps, repositories })];
  for (const [index, mirror] of mirrors.entries())
    for (const [sentence, other] of faultsOfMirror(mirror, mirrors.slice(0, index), sources))
      yield fault(
        [mirror.key, ...(other !== undefined && other !== mirror.key ? [other] : [])],
        `[${mirror.index}].${mirror.field} ${sentence}`,
      );
}

/** Faults of the entries of `repositories` by themselves. */
function* entryFaults({ role, repositories = [], ...values }: Values): Generator<SettingFault> {
  const apps: readonly App[] = values.apps ?? [];
  for (const [index, { repository, mirror, gitlabMirror }] of repositories.entries()) {
    const before = repositories.findIndex((one) => fold(one.repository) === fold(repository));
    if (before < index)
      yield fault(["repositories"], `[${index}].repository is "${repository}", as in [${before}]; list it once.`);
    for (const [key, value] of Object.entries({ mirror, gitlabMirror }))
      if (role === "primary" && value !== undefined)
        yield fault(
          ["repositories", "role"],
          `[${index}].${key} is "${value}", but only a standby has a mirror of the code; remove it.`,
        );
    if (mirror !== undefined || gitlabMirror !== undefined) continue;
    if (role === "standby")
      yield fault(
        ["repositories", "role"],
        `[${index}] has neither mirror nor gitlabMirror, but a standby lists what it mirrors; set one of them, or remove the entry.`,
      );
    else if (apps.some((app) => fold(app.repository) === fold(repository)))
      yield fault(
        ["repositories", "apps"],
        `[${index}].repository is "${repository}", which an app has already; remove the entry.`,
      );
  }
}

/** Faults of a mirror beside those before it, each to follow its place, with the other setting that it is about. */
function* faultsOfMirror(
  { kind, repository, fullName }: NamedMirror,
  before: readonly NamedMirror[],
  sources: ReadonlySet<string>,
): Generator<readonly [sentence: string, other?: NamedMirror["key"]]> {
  const alike = before.filter((one) => one.kind === kind);
  const place = ({ key, index, field }: NamedMirror) => `${key}[${index}].${field}`;
  if (kind === "github") {
    if (fold(fullName) === fold(repository))
      yield [`makes "${repository}" a mirror of itself; choose another name or owner.`];
    else if (sources.has(fold(fullName)))
      yield [`is "${fullName}", which is a repository with code of its own; choose another name or owner.`, "apps"];
    const [first] = alike;
    if (first && fold(ownerOf(first)) !== fold(ownerOf({ fullName })))
      yield [
        `is of owner "${ownerOf({ fullName })}", and ${place(first)} of "${ownerOf(first)}"; the mirrors of a stack have one owner.`,
        first.key,
      ];
  }
  const second = alike.find(
    (one) => fold(one.repository) === fold(repository) && fold(one.fullName) !== fold(fullName),
  );
  if (second)
    yield [
      `is "${fullName}", and ${place(second)} of ${repository} is "${second.fullName}"; a repository has one mirror of a kind.`,
      second.key,
    ];
  const shared = alike.find(
    (one) => fold(one.fullName) === fold(fullName) && fold(one.repository) !== fold(repository),
  );
  if (shared)
    yield [`is "${fullName}", as ${place(shared)} of ${shared.repository}; a mirror has one repository.`, shared.key];
}

function ownerOf({ fullName }: Pick<NamedMirror, "fullName">): string {
  return fullName.slice(0, fullName.indexOf("/"));
}

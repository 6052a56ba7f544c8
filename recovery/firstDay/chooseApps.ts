import type { ListedRepository } from "../../services/codeHost/codeHost.ts";
import { DOMAIN, REPOSITORY } from "../../settings/apps.ts";
import type { Decisions } from "./decisions.ts";
import type { FoundApp } from "./found.ts";

/** An app that was chosen, with what belongs to it. */
export interface ChosenApp {
  /** Of several apps; a single one has none. */
  readonly name: string | undefined;
  readonly found: FoundApp;
  readonly repository: string;
  readonly branch: string;
  readonly publicNames: readonly [string, ...string[]];
}

/** What the options say of apps. */
export interface GivenApps {
  /** Names of projects. */
  readonly apps: readonly string[];
  /** `PROJECT=OWNER/NAME`, for projects whose repository the app host does not know. */
  readonly repositories: readonly string[];
}

/** The code host whose repositories the settings can name. */
const CODE_HOST = "github";

/** Chooses the apps that have a public name in the zone. Undefined after a fault. */
export async function chooseApps(
  found: readonly FoundApp[],
  repositories: readonly ListedRepository[],
  zone: string,
  given: GivenApps,
  decisions: Decisions,
): Promise<readonly ChosenApp[] | undefined> {
  const candidates = found.filter((app) => publicNamesIn(app, zone).length > 0);
  const question = {
    what: `Which Vercel projects are CastChat's apps, of those with a name in ${zone}?`,
    option: "--app",
    choices: candidates.map((app) => ({ value: app.name, label: publicNamesIn(app, zone).join(", ") })),
    ...(candidates.length > 0 && { preset: candidates.map(({ name }) => name).join(",") }),
    isCertain: candidates.length === 1,
  };
  const named = await decisions.several(question, given.apps);
  if (named === undefined) return undefined;
  const chosen: ChosenApp[] = [];
  for (const app of candidates.filter(({ name }) => named.includes(name))) {
    const source = await sourceOf(app, repositories, given, decisions);
    const [first, ...others] = publicNamesIn(app, zone);
    if (source === undefined || first === undefined) continue;
    const name = named.length === 1 ? undefined : shortName(app.name, chosen);
    chosen.push({ name, found: app, ...source, publicNames: [first, ...others] });
  }
  return chosen;
}

/** The names of an app by which its users know it: those in a zone that lead to production and to no other name. */
export function publicNamesIn({ names }: Pick<FoundApp, "names">, zone: string): string[] {
  return names.filter((one) => whyLeftOut(one, zone) === undefined).map(({ name }) => name);
}

/** Names that lead to production by themselves, in whatever zone. */
export function publicNamesOf(names: FoundApp["names"]): string[] {
  return names.filter((one) => whyLeftOut(one, one.name) === undefined).map(({ name }) => name);
}

/** Why a name of an app is not one of its public names, as the end of a sentence; undefined if it is one. */
export function whyLeftOut(one: FoundApp["names"][number], zone: string): string | undefined {
  if (one.redirectsTo !== undefined) return `it redirects to ${one.redirectsTo}`;
  if (one.isGenerated) return "Vercel generated it";
  if (one.isOfPreview === true) return "it leads to previews";
  if (!one.isVerified) return "Vercel has not verified it";
  if (!DOMAIN.test(one.name)) return "it is no plain host name";
  return `.${one.name}`.endsWith(`.${zone}`) ? undefined : `it is not in the zone ${zone}`;
}

/** The repository and branch of an app. Undefined after a fault. */
async function sourceOf(
  { name, repository: link }: FoundApp,
  repositories: readonly ListedRepository[],
  { repositories: given }: GivenApps,
  decisions: Decisions,
): Promise<{ repository: string; branch: string } | undefined> {
  const answer = given.find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1);
  if (answer === undefined && link?.host === CODE_HOST && REPOSITORY.test(link.fullName))
    return { repository: link.fullName, branch: link.branch ?? "main" };
  const why = link === undefined ? "it has no Git link" : `it is linked to ${link.fullName} at ${link.host}`;
  const alike = repositories.find(({ fullName }) => fullName.split("/")[1] === name)?.fullName;
  const repository = await decisions.one(
    {
      what: `Which GitHub repository has the code of the Vercel project ${name} (${why})?`,
      option: `--repository ${name}=OWNER/NAME`,
      ...(alike !== undefined && { preset: alike }),
      check: (text) => (REPOSITORY.test(text) ? undefined : "is no repository; write OWNER/NAME."),
    },
    answer,
  );
  if (repository === undefined) return undefined;
  const listed = repositories.find(({ fullName }) => fullName.toLowerCase() === repository.toLowerCase());
  return { repository, branch: listed?.defaultBranch ?? "main" };
}

/** The name of one app of several, from that of its project. */
function shortName(project: string, others: readonly ChosenApp[]): string {
  const plain = project
    .replaceAll(/[^a-z0-9-]+/g, "-")
    .replace(/^[^a-z]+/, "")
    .slice(0, 28)
    .replace(/-+$/, "");
  const base = plain === "" ? "app" : plain;
  const taken = others.map(({ name }) => name);
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? base : `${base}-${number}`;
    if (!taken.includes(name)) return name;
  }
}

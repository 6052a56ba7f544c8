import type { Choosable, Chosen } from "../../recovery/firstDay/choose.ts";
import { publicNamesOf } from "../../recovery/firstDay/chooseApps.ts";
import { plainTable } from "../terminal/table.ts";

/** Repositories that a list shows; an organization may have thousands. */
const SHOWN_REPOSITORIES = 20;

/** What the tokens see, as a list for people. */
export function foundText({ databases, zones, repositories, apps, teams }: Choosable): string {
  const table = plainTable(["found", "name", "what it says of itself"]);
  for (const { ref, name, region, status } of databases)
    table.push(["Supabase project", ref, `${name}, ${region}, ${status}`]);
  for (const { slug, name } of teams) table.push(["Vercel team", slug, name]);
  for (const { name, repository, names } of apps ?? []) {
    const source = repository === undefined ? "no Git link" : `${repository.host}: ${repository.fullName}`;
    table.push(["Vercel project", name, [source, ...publicNamesOf(names)].join(", ")]);
  }
  for (const { name } of zones) table.push(["Cloudflare zone", name, ""]);
  for (const { fullName, defaultBranch, isPrivate } of repositories.slice(0, SHOWN_REPOSITORIES))
    table.push(["GitHub repository", fullName, `${isPrivate ? "private" : "public"}, branch ${defaultBranch}`]);
  const more = repositories.length - SHOWN_REPOSITORIES;
  return [table.toString(), ...(more > 0 ? [`${more} more GitHub repositories are not shown.`] : [])].join("\n");
}

/** What belongs together, as a list for people. */
export function chosenText({ database, zone, vercelTeam, apps, primary, standby, ...rest }: Chosen): string {
  const table = plainTable(["part", "live", "standby"]);
  table.push(["AWS", `${primary.account}, ${primary.region}`, `${standby.account}, ${standby.region}`]);
  table.push(["database", `${database.name} (${database.ref})`, `a new one in ${rest.standbyDatabaseRegion}`]);
  for (const { found, repository, branch, publicNames } of apps) {
    table.push(["app", `${found.name}${vercelTeam === undefined ? "" : ` of ${vercelTeam}`}`, "a project of its own"]);
    table.push(["  code", `${repository}, branch ${branch}`, rest.mirrors.get(repository) ?? ""]);
    table.push(["  names", publicNames.join(", "), "takes them in a recovery"]);
  }
  table.push(["zone", zone, "the same"]);
  return table.toString();
}

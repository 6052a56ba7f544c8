import type { DatabaseProject } from "../../services/databaseHost/databaseHost.ts";
import { SUPABASE_REGIONS } from "../../settings/supabaseRegions.ts";
import { chooseApps, type ChosenApp, type GivenApps, publicNamesIn, whyLeftOut } from "./chooseApps.ts";
import type { Decisions, Question } from "./decisions.ts";
import type { Found, FoundBeforeApps } from "./found.ts";
import { mirrorsFor } from "./mirrors.ts";
import { standbyRegionsFor } from "./standbyRegions.ts";

/** What the options say. What is undefined is asked, or has a default. */
export interface Given extends GivenApps {
  readonly vercelTeam?: string | undefined;
  readonly database?: string | undefined;
  readonly zone?: string | undefined;
  readonly awsAccount?: string | undefined;
  readonly awsRegion?: string | undefined;
  readonly standbyAccount?: string | undefined;
  readonly standbyRegion?: string | undefined;
  readonly standbyDatabaseRegion?: string | undefined;
  readonly mirrorOwner?: string | undefined;
}

/** What was found. The apps are unknown while their team is. */
export type Choosable = FoundBeforeApps & { readonly apps: Found["apps"] | undefined };

/** A stack's place in AWS. */
export interface Place {
  readonly account: string;
  readonly region: string;
}

/** What belongs together. */
export interface Chosen {
  readonly vercelTeam: string | undefined;
  readonly database: DatabaseProject;
  readonly zone: string;
  readonly apps: readonly ChosenApp[];
  readonly primary: Place;
  readonly standby: Place;
  readonly standbyDatabaseRegion: string;
  /** By the repository's full name. */
  readonly mirrors: ReadonlyMap<string, string>;
  /** What a person should know of the choice. */
  readonly notes: readonly string[];
}

/** Decides what belongs together. Undefined if a decision is missing; `decisions` has the faults. */
export async function choose(
  found: Choosable,
  vercelTeam: string | undefined,
  given: Given,
  decisions: Decisions,
): Promise<Chosen | undefined> {
  const { databases, repositories } = found;
  const ref = await decisions.one(
    {
      what: "Which Supabase project holds CastChat's database?",
      option: "--database",
      choices: databases.map((one) => ({ value: one.ref, label: `${one.name} (${one.region}, ${one.status})` })),
      preset: databases.length === 1 ? databases[0]?.ref : undefined,
      isCertain: true,
      none: "SUPABASE_ACCESS_TOKEN sees no project.",
    },
    given.database,
  );
  const database = databases.find((one) => one.ref === ref);
  const all = found.apps;
  const zone = all && (await decisions.one(zoneQuestion(found.zones, all), given.zone));
  const apps = zone === undefined ? undefined : await chooseApps(all ?? [], repositories, zone, given, decisions);
  const mirrors = apps === undefined ? undefined : await mirrorsFor(apps, repositories, given.mirrorOwner, decisions);
  const places = await choosePlaces(database?.region, given, decisions);
  if (decisions.faults.length > 0 || !database || zone === undefined || !apps || !mirrors || !places) return undefined;
  const notes = [
    ...apps.flatMap(({ found: { name, names } }) =>
      names.flatMap((one) => {
        const why = one.isGenerated ? undefined : whyLeftOut(one, zone);
        return why === undefined ? [] : [`${one.name} of ${name} is left out: ${why}. A recovery does not move it.`];
      }),
    ),
    ...apps
      .filter(({ repository }) => !repositories.some((one) => one.fullName.toLowerCase() === repository.toLowerCase()))
      .map(
        ({ repository }) => `GITHUB_TOKEN does not list ${repository}: unless that is public, no mirror can be made.`,
      ),
    ...(places.primary.account === places.standby.account
      ? ["Both stacks are in one AWS account, so its loss would be the loss of both. Another account is safer."]
      : []),
  ];
  return { vercelTeam, database, zone, apps, mirrors, notes, ...places };
}

/** Which zone: the only one that an app has a name in, if there is only one. */
function zoneQuestion(zones: Found["zones"], apps: Found["apps"]): Question {
  const used = zones.filter(({ name }) => apps.some((app) => publicNamesIn(app, name).length > 0));
  return {
    what: "Which Cloudflare zone are the public names in?",
    option: "--zone",
    choices: used.map(({ name }) => ({
      value: name,
      label: apps.flatMap((app) => publicNamesIn(app, name)).join(", "),
    })),
    preset: used.length === 1 ? used[0]?.name : undefined,
    isCertain: true,
    none: `No Vercel project that VERCEL_API_TOKEN sees has a verified name in a zone that CLOUDFLARE_API_TOKEN sees (${zones.map(({ name }) => name).join(", ") || "it sees none"}).`,
  };
}

const ACCOUNT = (text: string) => (/^\d{12}$/.test(text) ? undefined : "is no AWS account; write its 12 digits.");
const REGION = /^[a-z]{2}(-[a-z]+)+-\d$/;

/** The accounts and regions of both stacks. Undefined after a fault. */
async function choosePlaces(
  databaseRegion: string | undefined,
  given: Given,
  decisions: Decisions,
): Promise<Pick<Chosen, "primary" | "standby" | "standbyDatabaseRegion"> | undefined> {
  const region = (other?: string) => (text: string) =>
    !REGION.test(text)
      ? "is no AWS region; write one such as ap-northeast-1."
      : text === other
        ? "is the primary's region, too: one disaster would destroy both stacks."
        : undefined;
  const account = await decisions.one(
    { what: "Which AWS account is the primary's vault in?", option: "--aws-account", check: ACCOUNT },
    given.awsAccount,
  );
  const primaryRegion = await decisions.one(
    {
      what: "Which AWS region is the primary's vault in?",
      option: "--aws-region",
      preset: databaseRegion,
      isCertain: true,
      check: region(),
    },
    given.awsRegion,
  );
  const near = standbyRegionsFor(primaryRegion ?? databaseRegion ?? "");
  const ofStandby = {
    what: "Which AWS account is the standby in? Another one than the primary's is safer.",
    option: "--standby-account",
    preset: account,
    isCertain: true,
    check: ACCOUNT,
  };
  // Without the primary's there is no default, which is one fault and not two.
  const isOpen = account !== undefined || given.standbyAccount !== undefined;
  const standbyAccount = isOpen ? await decisions.one(ofStandby, given.standbyAccount) : undefined;
  const standbyRegion = await decisions.one(
    {
      what: "Which AWS region is the standby in?",
      option: "--standby-region",
      preset: near?.aws,
      isCertain: true,
      check: region(primaryRegion),
    },
    given.standbyRegion,
  );
  const standbyDatabaseRegion = await decisions.one(
    {
      what: "In which region does a recovery create its Supabase project?",
      option: "--standby-database-region",
      choices: SUPABASE_REGIONS.map((one) => ({ value: one, label: "" })),
      preset: standbyRegionsFor(databaseRegion ?? "")?.supabase,
      isCertain: true,
      check: (text) => (text === databaseRegion ? "is the live database's region, too." : undefined),
    },
    given.standbyDatabaseRegion,
  );
  if (account === undefined || primaryRegion === undefined || standbyAccount === undefined) return undefined;
  if (standbyRegion === undefined || standbyDatabaseRegion === undefined) return undefined;
  return {
    primary: { account, region: primaryRegion },
    standby: { account: standbyAccount, region: standbyRegion },
    standbyDatabaseRegion,
  };
}

import { APP_BUILD, type AppBuild } from "../../settings/appBuild.ts";
import type { Chosen, Place } from "./choose.ts";
import type { ChosenApp } from "./chooseApps.ts";
import { functionRegionNear } from "./standbyRegions.ts";

/** One setting of a stack's file, or only comments. */
export interface FileSetting {
  /** Lines above it, without `#`. */
  readonly comment?: readonly string[];
  readonly key?: string;
  readonly value?: unknown;
}

/** The settings of a stack in the order of its file; between groups is an empty line. */
export interface StackSettings {
  readonly stack: "prod" | "dr";
  readonly title: readonly string[];
  readonly groups: readonly (readonly FileSetting[])[];
}

/** The longest name of a Vercel project that the program can create. */
const LONGEST_PROJECT = 52;
const STANDBY = "-standby";

/** The settings of the primary: everything live is `existing`. */
export function primarySettings(chosen: Chosen): StackSettings {
  const { database, zone, vercelTeam, apps, primary, standby } = chosen;
  return {
    stack: "prod",
    title: ["The primary: CastChat runs here already. The stack reads it and backs it up, and changes nothing of it."],
    groups: [
      [{ key: "role", value: "primary" }],
      places(primary, standby, "of the standby"),
      [
        {
          comment: [
            "The standby comes up first. Then set the address of its vault, which `pulumi stack output -s dr` shows in the standby's shell:",
            "pulumi config set -s prod standbyVaultBucketArn ARN",
            "pulumi config set -s prod standbyVaultKeyArn ARN",
          ],
        },
      ],
      [
        {
          comment: [
            `The live database: Supabase project ${database.name} in ${database.region}. Its address is a secret of the stack, never written here in`,
            'clear: "Connect" in Supabase\'s dashboard, session pooler, port 5432, with the password. Paste it when asked:',
            "pulumi config set --secret databaseUrl -s prod",
          ],
          key: "database",
          value: "existing",
        },
        { key: "supabaseRef", value: database.ref },
      ],
      [
        { comment: ["The live zone at Cloudflare."], key: "dns", value: "existing" },
        { key: "zoneName", value: zone },
      ],
      [
        ...team(vercelTeam),
        {
          comment: [
            "The live apps: each one's Vercel project, code and names, and how Vercel builds it. An app that answers for its health elsewhere",
            'than at /api/health, or otherwise than 200 with {"status":"ok"}, also needs healthPath or healthAnswer, in both stacks.',
          ],
          key: "apps",
          value: apps.map((app) => ({ ...ofApp(app), state: "existing", ...built(app) })),
        },
      ],
      [{ comment: ["Hours between two backups."], key: "intervalHours", value: 6 }],
    ],
  };
}

/** The settings of the standby, which is ready for a recovery. */
export function standbySettings(chosen: Chosen, takenProjects: readonly string[]): StackSettings {
  const { database, zone, vercelTeam, apps, primary, standby, standbyDatabaseRegion, mirrors } = chosen;
  const functionRegion = functionRegionNear(standbyDatabaseRegion);
  const taken = [...takenProjects];
  return {
    stack: "dr",
    title: [
      "The standby: it is ready in another region, and recovers CastChat in mode active. It needs nothing of the primary.",
    ],
    groups: [
      [{ key: "role", value: "standby" }],
      [
        {
          comment: [
            "In an emergency: set mode to active and generation to 2, and run `pulumi up -s dr` (docs/runbook.md).",
          ],
          key: "mode",
          value: "standby",
        },
        { key: "generation", value: 1 },
      ],
      places(standby, primary, "of the primary"),
      [
        {
          comment: [
            "Whose backups are trusted. Once the primary is up, set what `pulumi stack output signingPublicKey -s prod` shows in its shell:",
            "pulumi config set -s dr --path 'trustedWriterKeys[0]' -- '-----BEGIN PUBLIC KEY-----...'",
          ],
        },
      ],
      [
        { comment: ["The zone of the public names."], key: "zoneName", value: zone },
        {
          comment: ["Names that a recovery may take from the live site, which no stack of this program holds."],
          key: "takeover",
          value: apps.flatMap(({ publicNames }) => publicNames),
        },
      ],
      [
        {
          comment: ["A recovery creates its Supabase project there, away from the live one."],
          key: "supabaseOrganization",
          value: database.organization,
        },
        { key: "supabaseRegion", value: standbyDatabaseRegion },
        {
          comment: [
            `A recovery first stops writes to the live database (${database.ref}), if these two are set. The address is a secret, as in prod:`,
            `pulumi config set peerSupabaseRef ${database.ref} -s dr`,
            "pulumi config set --secret peerDatabaseUrl -s dr",
          ],
        },
        {
          comment: [
            "It then pauses the live apps and moves the names, with VERCEL_API_TOKEN and CLOUDFLARE_API_TOKEN of the shell. With secrets of its own it needs",
            "neither of the primary's: a token of the live apps' Vercel team, if that is another one, and one that edits the zone's records.",
            `pulumi config set peerVercelTeam ${vercelTeam ?? "TEAM"} -s dr`,
            "pulumi config set --secret peerVercelToken -s dr",
            "pulumi config set --secret dnsToken -s dr",
          ],
        },
      ],
      [
        ...team(vercelTeam),
        {
          comment: [
            "The apps: empty projects of their own, the mirrors of their code, and the live projects, which a recovery pauses. They are built",
            "like the live ones; their functions run near the recovered database.",
          ],
          key: "apps",
          value: apps.map((app) => {
            const project = standbyProject(app.found.name, taken);
            taken.push(project);
            const { build = {} } = built(app);
            const own = { ...build, ...(functionRegion !== undefined && { functionRegion }) };
            return {
              ...ofApp(app),
              project,
              peerProject: app.found.name,
              mirror: mirrors.get(app.repository),
              ...(Object.keys(own).length > 0 && { build: own }),
            };
          }),
        },
      ],
    ],
  };
}

function places(own: Place, peer: Place, of: string): FileSetting[] {
  return [
    {
      comment: [`Accounts and regions of this stack and ${of}. The accounts may be the same, the regions never.`],
      key: "awsAccountId",
      value: own.account,
    },
    { key: "awsRegion", value: own.region },
    { key: "peerAwsAccountId", value: peer.account },
    { key: "peerAwsRegion", value: peer.region },
  ];
}

function team(vercelTeam: string | undefined): FileSetting[] {
  return vercelTeam === undefined ? [] : [{ key: "vercelTeam", value: vercelTeam }];
}

function ofApp({ name, found, repository, branch, publicNames }: ChosenApp): Record<string, unknown> {
  return {
    ...(name !== undefined && { name }),
    project: found.name,
    repository,
    ...(branch !== "main" && { branch }),
    publicNames,
  };
}

/** The build settings of the live project, as far as the settings can say them. */
function built({ found: { build } }: ChosenApp): { build?: AppBuild } {
  const kept = Object.entries(build).filter(isSaid);
  return kept.length === 0 ? {} : { build: Object.fromEntries(kept) };
}

/** Build settings of an app's live project that the settings cannot say, with their values. */
export function unsaidBuild({ found: { build } }: ChosenApp): string[] {
  return Object.entries(build).flatMap((one) => (isSaid(one) ? [] : [`${one[0]} (${String(one[1])})`]));
}

function isSaid([key, value]: [string, unknown]): boolean {
  return APP_BUILD.safeParse({ [key]: value }).success;
}

/** The name of the standby's own project. Within one team two projects need different names. */
function standbyProject(live: string, taken: readonly string[]): string {
  const plain = live.replaceAll(/[^a-z0-9-]+/g, "-").replaceAll(/^-+|-+$/g, "");
  for (let number = 1; ; number += 1) {
    const end = number === 1 ? STANDBY : `${STANDBY}-${number}`;
    const name = `${plain.slice(0, LONGEST_PROJECT - end.length).replace(/-+$/, "")}${end}`.replace(/^-/, "");
    if (!taken.includes(name)) return name;
  }
}

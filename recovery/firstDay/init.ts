import { basename, join } from "node:path";

import { parse } from "yaml";

import { UserError } from "../../services/common/errors.ts";
import { SECRET_SETTINGS } from "../../settings/schema.ts";
import { parseSettings, SettingsError } from "../../settings/settings.ts";
import { type Choosable, choose, type Chosen, type Given } from "./choose.ts";
import { type Ask, Decisions } from "./decisions.ts";
import { findApps, findBeforeApps, type FoundBeforeApps, type Lookups } from "./found.ts";
import { type PresentFile, readStackFile, stackFileText } from "./stackFile.ts";
import { primarySettings, type StackSettings, standbySettings, unsaidBuild } from "./stackSettings.ts";
import { writeTogether } from "./writeTogether.ts";

/** What `init` works with. */
export interface InitOptions {
  /** The Pulumi project's folder, and its name. */
  readonly workspace: string;
  readonly project: string;
  readonly lookups: Lookups;
  readonly given: Given;
  /** @default - there is no person to ask */
  readonly ask?: Ask | undefined;
  /** Agrees to the change of files with settings of a person's own. Throws UserError if that is refused. */
  readonly confirm: (files: readonly string[]) => Promise<void>;
  /** Shows what was found, before the first question about it. */
  readonly show: (found: Choosable) => void;
  readonly signal?: AbortSignal | undefined;
}

/** What `init` has written. */
export interface InitResult {
  readonly files: readonly string[];
  readonly chosen: Chosen;
  /** What a person should know of it. */
  readonly notes: readonly string[];
}

/** Settings of the file before that have no effect with what exists, and would be refused. */
const OF_CREATED: ReadonlySet<string> = new Set(["supabaseOrganization", "supabaseRegion", "cloudflareAccountId"]);

/**
 * Finds what exists, decides what belongs together, and writes the files of both stacks. Services are only read.
 *
 * @throws UserError that names every service that could not be asked, or every decision that is missing; then no file has changed
 */
export async function initialize(options: InitOptions): Promise<InitResult> {
  const { workspace, project, lookups, given, ask, confirm, show, signal } = options;
  const files = { prod: join(workspace, "Pulumi.prod.yaml"), dr: join(workspace, "Pulumi.dr.yaml") };
  const present = { prod: await readStackFile(files.prod), dr: await readStackFile(files.dr) };
  const decisions = new Decisions(ask);
  const first = await findBeforeApps(lookups, signal);
  const team = await teamOf(first, given, decisions);
  const isKnown = decisions.faults.length === 0;
  const found = { ...first, apps: isKnown ? await findApps(lookups, team, signal) : undefined };
  show(found);
  const chosen = await choose(found, team, given, decisions);
  if (chosen === undefined)
    throw new UserError(
      ["Not everything is decided; nothing was written:", ...decisions.faults.map((fault) => `  - ${fault}`)].join(
        "\n",
      ),
    );
  const taken = (found.apps ?? []).map(({ name }) => name);
  const texts = [primarySettings(chosen), standbySettings(chosen, taken)].map((settings) => ({
    file: files[settings.stack],
    text: checkedText(settings, project, present[settings.stack]),
  }));
  const own = Object.entries(files).filter(([stack]) => present[stack as keyof typeof present]?.isUnchanged === false);
  if (own.length > 0) await confirm(own.map(([, file]) => basename(file)));
  signal?.throwIfAborted();
  await writeTogether(texts);
  const unsaid = chosen.apps.flatMap((app) =>
    unsaidBuild(app).map(
      (what) => `Build setting ${what} of ${app.found.name} has a value that apps[].build does not take.`,
    ),
  );
  return { files: Object.values(files), chosen, notes: [...chosen.notes, ...unsaid] };
}

/** The team. A token whose user belongs to none has an account of its own. */
async function teamOf({ teams }: FoundBeforeApps, given: Given, decisions: Decisions): Promise<string | undefined> {
  if (teams.length === 0) return given.vercelTeam;
  return await decisions.one(
    {
      what: "Which Vercel team do the apps belong to?",
      option: "--vercel-team",
      choices: teams.map(({ slug, name }) => ({ value: slug, label: name })),
      preset: teams.length === 1 ? teams[0]?.slug : undefined,
      isCertain: true,
    },
    given.vercelTeam,
  );
}

/**
 * The text of a stack's file. Settings that it does not decide, such as other services' addresses, stay as the file before has them; of a
 * shipped file none stays. UserError if the program would refuse the settings.
 */
function checkedText(settings: StackSettings, project: string, before: PresentFile | undefined): string {
  const prefix = `${project}:`;
  const decided = new Set(settings.groups.flatMap((group) => group.map(({ key }) => key)));
  const isKept = ([full]: [string, unknown]) => {
    const key = full.startsWith(prefix) ? full.slice(prefix.length) : undefined;
    return key === undefined || !(decided.has(key) || (settings.stack === "prod" && OF_CREATED.has(key)));
  };
  const isOwn = before !== undefined && !before.isUnchanged;
  const kept = isOwn ? Object.fromEntries(Object.entries(before.config).filter(isKept)) : {};
  const text = stackFileText(settings, project, kept, isOwn ? before.beside : {});
  const { config } = parse(text) as { config: Record<string, unknown> };
  const raw = Object.entries(config)
    .filter(([key]) => key.startsWith(prefix))
    .map(([key, value]) => [key.slice(prefix.length), textOf(value, key.slice(prefix.length))] as const);
  try {
    parseSettings({ ...setLater(settings.stack, config, prefix), ...Object.fromEntries(raw) }, settings.stack, {
      project,
    });
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    throw new UserError(
      `The settings that fit what was found would be refused; nothing was written. ${error.message}`,
      { cause: error },
    );
  }
  return text;
}

/** Stands for what the commands in the file set later. */
function setLater(stack: StackSettings["stack"], config: Record<string, unknown>, prefix: string) {
  if (stack === "dr") return {};
  const [region, account] = [config[`${prefix}peerAwsRegion`], config[`${prefix}peerAwsAccountId`]].map((value) =>
    textOf(value),
  );
  const databaseUrl = standInOf("databaseUrl");
  if (config[`${prefix}standbyVault`] === "none") return { databaseUrl };
  return {
    databaseUrl,
    standbyVaultBucketArn: "arn:aws:s3:::stands-for-the-standbys-vault",
    standbyVaultKeyArn: `arn:aws:kms:${region}:${account}:key/stands-for-its-key`,
  };
}

/** As the engine passes a setting on. Another value stands for an encrypted one. */
function textOf(value: unknown, key = ""): string {
  if (typeof value === "string") return value;
  const isSecret = typeof value === "object" && value !== null && "secure" in value;
  return isSecret ? standInOf(key) : JSON.stringify(value);
}

function standInOf(key: string): string {
  return SECRET_SETTINGS.get(key)?.standIn ?? "";
}

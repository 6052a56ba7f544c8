import { UserError } from "../../services/common/errors.ts";
import type { PhaseTimer } from "../../services/common/phases.ts";
import { type StoredRepository, storeRepository } from "../repository/storeRepository.ts";
import { type BackupKind, KINDS } from "../vault/backupKinds.ts";
import type { Environment } from "../vault/environmentPart.ts";
import { hashNames } from "../vault/sealedNames.ts";
import type { RunPlace } from "../vault/storePart.ts";
import type { BackupOptions } from "./backupOptions.ts";
import { storeConfiguration, type StoredParts, storeEnvironment } from "./backupParts.ts";
import { lackingConfiguration, lacksOf, type ManifestBody } from "./manifestBody.ts";

/** A run of a kind that reads no database. */
interface OutsideRun extends Pick<BackupOptions, "configuration" | "environment" | "repository" | "sealer" | "clock"> {
  kind: BackupKind;
  timer: PhaseTimer;
  signal: AbortSignal;
}

/**
 * Stores the content of a backup of kind configuration, environment or repository.
 *
 * @throws UserError if it has no source, or if variables would be stored unsealed
 */
export async function readWithoutDatabase(run: OutsideRun, place: RunPlace): Promise<ManifestBody> {
  const { kind, clock, environment } = run;
  const snapshotAt = clock().toISOString();
  const {
    parts,
    repository,
    files = [],
    leftOut = [],
    missing = [],
    unsealed = [],
  }: StoredOutside = await storeOutside(run, place);
  const lacking = { missing, unsealed };
  return {
    ...(KINDS[kind].environment && environment && sealedNames(environment)),
    ...(repository && { repository }),
    snapshotAt,
    finishedAt: clock().toISOString(),
    source: { host: "none", database: "none", serverVersion: "0", pgDumpVersion: "none" },
    extensions: [],
    appSchemas: [],
    sequences: [],
    filledViews: [],
    jobs: [],
    publications: [],
    objects: {},
    seedCounts: { users: 0, posts: 0, applications: 0 },
    leftOut: [
      {
        what: "the database",
        why: `the backup was asked to hold only the ${contentWords(kind)}`,
      },
      ...leftOut,
      ...lacksOf(lacking),
    ],
    ...(KINDS[kind].configuration && { lacks: lackingConfiguration(lacking) }),
    parts,
    chunks: [],
    files,
    tables: [],
  };
}

/** What such a run has stored. */
type StoredOutside = Partial<StoredParts> & Pick<StoredParts, "parts"> & Partial<StoredRepository>;

function contentWords(kind: BackupKind): string {
  if (KINDS[kind].repository) return "code of a repository";
  return KINDS[kind].environment ? "app's variables" : "configuration";
}

/** What a manifest says of sealed variables: whose they are, and hashes of their names. */
function sealedNames({ app, variables }: Environment): Pick<ManifestBody, "app" | "sealedNames"> {
  return { ...(app !== undefined && { app }), sealedNames: hashNames(variables) };
}

/** The parts of a backup that reads no database. Throws UserError if they have no source. */
function storeOutside(
  { kind, configuration, environment, repository, sealer, timer, signal }: OutsideRun,
  place: RunPlace,
): Promise<StoredOutside> {
  if (KINDS[kind].repository) {
    if (repository === undefined) throw new UserError("There is no repository to back up. Set `repositories`.");
    return timer.run("repository", `Storing ${repository.fullName}`, () => storeRepository(place, repository, signal));
  }
  if (!KINDS[kind].environment) {
    if (configuration === undefined)
      throw new UserError("There is no configuration to back up. Set its sources in the stack's settings.");
    return timer.run("configuration", "Collecting the configuration", () =>
      storeConfiguration(place, { configuration, sealer }, signal),
    );
  }
  if (environment === undefined)
    throw new UserError("There are no variables to store. Import them with `castchat-recovery env import FILE`.");
  if (sealer === undefined)
    throw new UserError(
      "An app's variables are only stored sealed, and the stack has no ageRecipients. Make an identity with `age-keygen`, keep it where the vault is not, and set its public key: `pulumi config set --path 'ageRecipients[0]' age1… -s STACK`",
    );
  return timer.run("environment", "Sealing the app's variables", () => storeEnvironment(place, environment, signal));
}

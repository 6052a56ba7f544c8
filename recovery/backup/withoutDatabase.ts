import { UserError } from "../../services/common/errors.ts";
import type { PhaseTimer } from "../../services/common/phases.ts";
import { lackOf } from "../configuration/configuration.ts";
import { type BackupKind, KINDS } from "../vault/backupKinds.ts";
import type { RunPlace } from "../vault/storePart.ts";
import type { BackupOptions } from "./backupOptions.ts";
import { storeConfiguration, storeEnvironment } from "./backupParts.ts";
import { lackingConfiguration, type ManifestBody } from "./manifestBody.ts";

/** A run of a kind that reads no database. */
interface OutsideRun extends Pick<BackupOptions, "configuration" | "environment" | "sealer" | "clock"> {
  kind: BackupKind;
  timer: PhaseTimer;
  signal: AbortSignal;
}

/**
 * Stores the content of a backup of kind configuration or environment.
 *
 * @throws UserError if it has no source, or if variables would be stored unsealed
 */
export async function readWithoutDatabase(run: OutsideRun, place: RunPlace): Promise<ManifestBody> {
  const { kind, clock, environment } = run;
  const snapshotAt = clock().toISOString();
  const { parts, missing } = await storeOutside(run, place);
  return {
    ...(KINDS[kind].environment && environment?.app !== undefined && { app: environment.app }),
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
        why: `the backup was asked to hold only the ${KINDS[kind].environment ? "app's variables" : "configuration"}`,
      },
      ...missing.map(lackOf),
    ],
    ...(KINDS[kind].configuration && { lacks: lackingConfiguration(missing) }),
    parts,
    chunks: [],
    files: [],
    tables: [],
  };
}

/** The parts of a backup that reads no database. Throws UserError if they have no source. */
function storeOutside({ kind, configuration, environment, sealer, timer, signal }: OutsideRun, place: RunPlace) {
  if (!KINDS[kind].environment) {
    if (configuration === undefined)
      throw new UserError("There is no configuration to back up. Set its sources in the stack's settings.");
    return timer.run("configuration", "Collecting the configuration", () =>
      storeConfiguration(place, configuration, signal),
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

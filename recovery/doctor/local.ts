import { messageOf, typeSecret, UserError } from "../../services/common/errors.ts";
import { openerOf } from "../../services/vault/encryption.ts";
import { RUNNER_TOKENS } from "../../settings/runnerSettings.ts";
import { readPlain } from "../vault/readPart.ts";
import { type Check, failed, ok, type Outcome, skipped, unknown } from "./check.ts";
import type { Subject } from "./subject.ts";

const TOKENS = "docs/accounts.md#accounts-and-tokens";

/** What the machine of the engineer needs for a backup, a restore and a recovery. */
export const LOCAL_CHECKS: readonly Check<Subject>[] = [
  { id: "local.engine", category: "Local", about: "Pulumi's engine", docs: TOKENS, run: engine },
  { id: "local.plugins", category: "Local", about: "Pulumi's plugins", docs: TOKENS, run: plugins },
  { id: "local.postgres", category: "Local", about: "PostgreSQL client", docs: TOKENS, run: postgresClient },
  { id: "local.credentials", category: "Local", about: "tokens in the shell", docs: TOKENS, run: credentials },
  {
    id: "local.trusted-key",
    category: "Local",
    about: "trusted writer's key",
    docs: "docs/accounts.md#step-by-step",
    run: trustedKey,
  },
  { id: "local.identity", category: "Local", about: "age identity", docs: TOKENS, run: identity },
];

async function engine({ ports, signal }: Subject): Promise<Outcome> {
  const version = await ports.machine.engine(signal);
  if (version !== undefined) return ok(`Pulumi's engine ${version} runs.`);
  return failed("Pulumi's engine does not run on this machine, so no `pulumi up` can recover anything.", "make setup");
}

async function plugins({ ports, signal }: Subject): Promise<Outcome> {
  const found = await ports.machine.plugins(signal);
  const missing = found.filter((one) => typeof one.found !== "string");
  if (missing.length > 0)
    return failed(
      `These plugins are not installed: ${missing.map(({ name, wanted }) => `${name} ${wanted}`).join(", ")}. A recovery would download them first, and GitHub serves one of them.`,
      "pulumi plugin install",
    );
  const onPath = found.filter((one) => one.found === "on PATH");
  const others = onPath.length === 0 ? "" : ` Those on PATH (${onPath.map(({ name }) => name).join(", ")}) come first.`;
  return ok(`Every plugin is installed, so a recovery downloads none.${others}`);
}

async function postgresClient(subject: Subject): Promise<Outcome> {
  const major = await serverMajor(subject);
  if (major === undefined) return skipped("Neither a database nor a backup says which version the server has.");
  try {
    return ok(`PostgreSQL's client ${await subject.ports.machine.postgresClient(major)} reads a server ${major}.`);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return failed(
      `A backup of this server cannot be restored here: ${messageOf(error)}`,
      `apt-get install postgresql-client-${major}`,
    );
  }
}

/** The version of the newest backup's server, which a restore has to read, or else of the live one. */
async function serverMajor(subject: Subject): Promise<number | undefined> {
  const manifest = (await subject.newest())?.manifest;
  return manifest === undefined
    ? (await subject.database())?.serverMajor
    : Number.parseInt(manifest.source.serverVersion, 10);
}

function credentials({ environment }: Subject): Promise<Outcome> {
  const missing = RUNNER_TOKENS.filter((name) => (environment[name] ?? "") === "");
  return Promise.resolve(
    missing.length === 0
      ? ok("Every service's token is set.")
      : failed(
          `${missing.join(", ")} ${missing.length === 1 ? "is" : "are"} not set, so a recovery ends at the first call to ${missing.length === 1 ? "that service" : "those services"}.`,
          missing.map(typeSecret).join("; "),
        ),
  );
}

function trustedKey({ settings }: Subject): Promise<Outcome> {
  const { role, stack, trustedWriterKeys } = settings;
  if (role === "primary") return Promise.resolve(skipped("A primary trusts its own key."));
  return Promise.resolve(
    trustedWriterKeys.length > 0
      ? ok("The settings pin the primary's key, so they are enough to know its backups.")
      : failed(
          "No writer's key is pinned, so a recovery takes no backup of the primary.",
          `pulumi config set -s ${stack} --path 'trustedWriterKeys[0]' -- "$(pulumi stack output signingPublicKey -s prod)"`,
        ),
  );
}

/** Opens the smallest part of the newest backup: an identity for another recipient fails here, and not in an emergency. */
async function identity({ settings, environment, ports, outputs, signal, newest }: Subject): Promise<Outcome> {
  const opener = await openerOf(environment).catch(asUserError);
  if (opener instanceof UserError) return failed(messageOf(opener), SET_IDENTITY);
  const manifest = (await newest())?.manifest;
  if (manifest?.encryption === undefined) {
    if (manifest !== undefined) return skipped(`The newest backup, ${manifest.backupId}, is not sealed.`);
    if (settings.ageRecipients.length === 0) return skipped("Backups are not sealed: ageRecipients is empty.");
    return unknown("There is no backup yet that an age identity could open.");
  }
  const [smallest] = manifest.parts.toSorted((a, b) => a.sizeBytes - b.sizeBytes);
  if (opener === undefined)
    return failed("No age identity is set, so no sealed backup can be restored from here.", SET_IDENTITY);
  if (smallest === undefined) return unknown(`Backup ${manifest.backupId} has no part to open.`);
  const source = { vault: ports.vault(outputs?.vaultBucket ?? ""), manifest, opener };
  const read = await readPlain(source, smallest, signal).catch(asUserError);
  if (!(read instanceof UserError)) return ok(`The age identity opens the newest backup, ${manifest.backupId}.`);
  return failed(`The age identity does not open the newest backup: ${messageOf(read)}`, SET_IDENTITY);
}

const SET_IDENTITY = "export CASTCHAT_AGE_IDENTITY_FILE=key.txt";

/** Keeps an error of set-up as a result; any other is thrown. */
function asUserError(error: unknown): UserError {
  if (error instanceof UserError) return error;
  throw error;
}

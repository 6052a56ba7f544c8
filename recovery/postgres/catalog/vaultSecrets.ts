import { hash } from "node:crypto";

import { z } from "zod";

import { PromiseError } from "../../../services/common/errors.ts";
import type { Session } from "../session/database.ts";
import { hasRelation } from "./heldBack.ts";
import type { LeftOut } from "./leftOut.ts";
import { parseStored } from "./parseStored.ts";

const secretSchema = z.object({ name: z.string().nullable(), description: z.string(), value: z.string() });

/** A decrypted secret of Supabase's vault. It must never be logged, and only be stored encrypted. */
export type VaultSecret = z.infer<typeof secretSchema>;

/** What the vault holds, or why it was not read. */
export interface VaultContent {
  secrets: VaultSecret[];
  leftOut: LeftOut[];
}

/**
 * Reads and decrypts the vault's secrets in the session's snapshot. If the backup is not encrypted, it only reads their names and lists
 * them as left out. A vault that this role can't read is left out too.
 */
export async function readVaultSecrets(session: Session, isSealed: boolean): Promise<VaultContent> {
  if (!(await hasRelation(session, "vault", "decrypted_secrets"))) return { secrets: [], leftOut: [] };
  const leftOut = (names: string, why: string): VaultContent => ({
    secrets: [],
    leftOut: [{ what: `vault secrets${names}`, why }],
  });
  const [rights] = await session.query<{ readable: boolean }>(
    `select case when pg_catalog.has_schema_privilege('vault', 'usage') then pg_catalog.has_table_privilege('vault.decrypted_secrets', 'select') else false end as readable`,
  );
  if (rights?.readable !== true) return leftOut("", `"${session.address.user}" may not read them`);
  if (isSealed) return { secrets: await listSecrets(session), leftOut: [] };
  const names = await session.query<{ name: string }>(
    "select coalesce(name, '(no name)') as name from vault.secrets order by 1",
  );
  if (names.length === 0) return { secrets: [], leftOut: [] };
  return leftOut(
    ` (${names.map(({ name }) => name).join(", ")})`,
    "no recipient is set to encrypt them to: set ageRecipients",
  );
}

/**
 * Makes the vault hold these secrets. A secret with the same name gets the value; one without a name is identified by all of its fields.
 * Can be run again. The secrets get new ids. Returns a note if the database has no vault.
 *
 * @throws PromiseError that names the secrets that still differ afterwards
 */
export async function restoreVaultSecrets(session: Session, secrets: readonly VaultSecret[]): Promise<string[]> {
  if (secrets.length === 0) return [];
  if (!(await hasRelation(session, "vault", "decrypted_secrets")))
    return [`The target has no vault, so ${secrets.length} secrets of the vault were not restored.`];
  const there = await listSecrets(session);
  for (const secret of secrets) {
    const at = there.findIndex((one) => (secret.name === null ? isSame(one, secret) : one.name === secret.name));
    const [found] = at === -1 ? [] : there.splice(at, 1);
    if (found === undefined) {
      await session.query("select vault.create_secret($1, $2, $3)", [secret.value, secret.name, secret.description]);
    } else if (!isSame(found, secret)) {
      await session.query("select vault.update_secret($1::uuid, $2, $3, $4)", [
        found.id,
        secret.value,
        secret.name,
        secret.description,
      ]);
    }
  }
  const found = (await listSecrets(session)).map(hashOf);
  const differing = secrets.filter((secret) => !found.includes(hashOf(secret)));
  if (differing.length === 0) return [];
  throw new PromiseError(
    `The vault's secrets ${differing.map(({ name }) => name ?? "(no name)").join(", ")} are not what the backup holds.`,
  );
}

function hashOf({ name, description, value }: VaultSecret): string {
  return hash("sha256", JSON.stringify([name, description, value]));
}

function isSame(one: VaultSecret, other: VaultSecret): boolean {
  return hashOf(one) === hashOf(other);
}

async function listSecrets(session: Session): Promise<(VaultSecret & { id: string })[]> {
  return await session.query(
    `select id::text, name, coalesce(description, '') as description, decrypted_secret as value from vault.decrypted_secrets order by name, created_at, id`,
  );
}

/** The text that is stored, encrypted. */
export function vaultSecretsText(secrets: readonly VaultSecret[]): string {
  return JSON.stringify(secrets.map(({ name, description, value }) => ({ name, description, value })));
}

/**
 * Parses the stored text.
 *
 * @throws PromiseError, without quoting the text, if it is not of this format
 */
export function parseVaultSecrets(text: string): VaultSecret[] {
  return parseStored(z.array(secretSchema), text, "the vault's secrets are");
}

import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";

import { serve } from "@hono/node-server";

import { eszipOf } from "../../../lab/sandbox/sample/eszip.ts";
import type { BackupOptions } from "../../../recovery/backup/backupOptions.ts";
import { restore } from "../../../recovery/restore/recipes/restore.ts";
import { listBackups } from "../../../recovery/vault/listBackups.ts";
import type { Manifest } from "../../../recovery/vault/manifest.ts";
import type { ProjectContent } from "../../../services/databaseHost/projectContent.ts";
import { supabaseContent } from "../../../services/databaseHost/supabaseContent.ts";
import type { Vault } from "../../../services/vault/vault.ts";
import { pick, send, testBed, TOKEN } from "../../lab/sandbox/emulators/support.ts";
import { createSupabaseEmulator } from "../../support/emulators.ts";
import { startTestDatabase } from "../../support/postgres.ts";
import { startTestCloud } from "./cloud.ts";
import { newSite } from "./source.ts";

/** A project of the emulator with a real database and a port of its own. */
export type Project = Awaited<ReturnType<typeof startProject>>;

export async function startProject() {
  const [database, bed] = await Promise.all([startTestDatabase(), testBed()]);
  bed.postgres.superuserUrl = database.superuserUrl;
  const supabase = createSupabaseEmulator(bed.deps);
  const wanted = { name: "castchat", organization_slug: "org", db_pass: "x", region: "ap-northeast-1" };
  const made = await send(supabase.app, "POST /v1/projects", wanted);
  await supabase.settled();
  const server = await new Promise<ReturnType<typeof serve>>((resolve) => {
    const one = serve({ fetch: supabase.app.fetch, hostname: "127.0.0.1", port: 0 }, () => resolve(one));
  });
  const { port } = server.address() as { port: number };
  return { database, bed, supabase, ref: pick(made, "ref"), address: `http://127.0.0.1:${port}`, server };
}
export async function stopProject({ database, bed, server }: Project): Promise<void> {
  await new Promise((resolve) => server.close(resolve));
  await Promise.all([database.stop(), bed.remove()]);
}
export const contentOfProject = (
  { ref, address }: Project,
  more: { serviceKey?: string; endpoint?: string; token?: string } = {},
) =>
  supabaseContent({
    ref,
    token: more.token ?? TOKEN,
    endpoint: address,
    retryDelayMs: 5,
    projectUrlTemplate: `${more.endpoint ?? address}/projects/{ref}`,
    ...(more.serviceKey && { serviceKey: more.serviceKey }),
  });

/** The name of the source's image. */
export const PICTURE = "ä b/c%2F?#.jpg";
export const IMAGE = Buffer.from(Array.from({ length: 700_000 }, (_, at) => (at * 7919) % 251));
/** The names of the source's storage objects, each behind its bucket. */
export const STORED = ["files/empty", "files/one.txt", `images/${PICTURE}`];
export const CODE = eszipOf({ "file:///src/index.ts": "Deno.serve(() => new Response())" });
export const SECRET = "smtp-password-that-must-not-be-seen";

export const put = (
  content: ProjectContent,
  ...[bucket, name, bytes, contentType, cacheControl]: [string, string, Buffer, string, string?]
) => content.putObject({ bucket, name }, { open: () => Promise.resolve(readableOf(bytes)), contentType, cacheControl });

/** Bytes as one chunk. `Readable.from(bytes)` would give single bytes. */
export const readableOf = (bytes: Buffer) => Readable.from([bytes]);

export async function bytesOf(content: ProjectContent, bucket: string, name: string): Promise<Buffer> {
  return await buffer((await content.getObject({ bucket, name }))!.body);
}

/** The names of a backup's files outside the database. */
export function namesIn(manifest: Manifest): string[] {
  return manifest.files.map(({ origin, name }) => `${origin} ${name}`).sort();
}

/** Where a restore puts a database and what lies outside of it. */
const placeOf = (target: Project) => ({ targetUrl: target.database.url, project: contentOfProject(target) });

/** A project with content of every kind, a cloud for its vaults, and functions that save and restore it. */
export async function startProjectSource() {
  const [cloud, source] = await Promise.all([startTestCloud(), startProject()]);
  const { signer, trustedKeys, common, backUp } = await newSite(cloud);
  await source.database.query(`create table public.t (id int);
    insert into storage.buckets (id, name, allowed_mime_types) values ('files', 'files', null), ('images', 'images', '{image/jpeg}')`);
  const content = contentOfProject(source);
  await put(content, "images", PICTURE, IMAGE, "image/jpeg");
  await put(content, "files", "empty", Buffer.alloc(0), "text/plain");
  await put(content, "files", "one.txt", Buffer.from("one"), "text/plain", "max-age=3600");
  await source.database.query(`set session_replication_role = replica;
    update storage.objects set owner_id = 'owner', created_at = '2025-01-02', updated_at = '2025-02-03', last_accessed_at = '2025-03-04', user_metadata = '{"a": 1}'`);
  await content.deployFunction(
    { slug: "hello", name: "Hello 世界", verifyJwt: false, importMap: true, entrypointPath: "file:///src/index.ts" },
    CODE,
  );
  await content.setAuthSettings({ site_url: "https://castchat.example", smtp_pass: SECRET, jwt_exp: 1800 });
  await content.setAuthSettings({ external_google_secret: SECRET, external_apple_secret: "" });
  return {
    source,
    signer,
    trustedKeys,
    common,
    newVault: () => cloud.newVault(),
    /** A backup into a vault of its own, unless one is given. */
    async backUp(project: ProjectContent, more: Partial<BackupOptions> = {}) {
      const vault = more.vault ?? (await cloud.newVault());
      const result = await backUp(source.database.url, { project, ...more, vault });
      const [saved] = await listBackups({ ...common, vault });
      return { vault, result, manifest: saved!.manifest!, proven: saved!.proven };
    },
    restoreInto: (target: Project, vault: Vault, more: Partial<Parameters<typeof restore>[0]> = {}) =>
      restore({ ...common, ...placeOf(target), vault, generation: 1, ...more }),
    async stop() {
      await Promise.all([cloud.stop(), stopProject(source)]);
    },
  };
}

/** Works with an empty project and with its content outside the database. */
export async function withNewProject(
  work: (project: Project, content: ProjectContent) => Promise<void>,
): Promise<void> {
  const project = await startProject();
  try {
    await work(project, contentOfProject(project));
  } finally {
    await stopProject(project);
  }
}

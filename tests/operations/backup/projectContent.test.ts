import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { Server } from "node:http";
import { Readable } from "node:stream";
import { serve } from "@hono/node-server";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { ageOpener, ageSealer } from "../../../clients/age.ts";
import { systemClock } from "../../../clients/clock.ts";
import { ServiceError } from "../../../clients/http.ts";
import { silent } from "../../../clients/reporter.ts";
import type { Signer } from "../../../clients/signer.ts";
import { supabaseContent } from "../../../clients/supabaseContent.ts";
import type { ProjectContent } from "../../../clients/supabaseContent.ts";
import type { Vault } from "../../../clients/vault.ts";
import { backup } from "../../../operations/backup/backup.ts";
import type { BackupOptions } from "../../../operations/backup/backupOptions.ts";
import { listBackups } from "../../../operations/vault/listBackups.ts";
import type { Manifest } from "../../../operations/vault/manifest.ts";
import { restore } from "../../../operations/restore/restore.ts";
import { RECOVERY_LOG_PREFIX } from "../../../planning/names.ts";
import { TIERS } from "../../../planning/tiers.ts";
import { createSupabaseEmulator } from "../../../sandbox/emulators/supabase.ts";
import type { SupabaseEmulator } from "../../../sandbox/emulators/supabase.ts";
import { startTestDatabase } from "../../support/postgres.ts";
import type { TestDatabase } from "../../support/postgres.ts";
import { TOKEN, pick, send, testBed } from "../../sandbox/emulators/support.ts";
import type { TestBed } from "../../sandbox/emulators/support.ts";
import { startTestCloud } from "../support/cloud.ts";
import type { TestCloud } from "../support/cloud.ts";
import { contentOf, runSql } from "../support/sample.ts";

/** A project of the emulator with a real database and a port of its own. */
interface Project {
  database: TestDatabase;
  bed: TestBed;
  supabase: SupabaseEmulator;
  ref: string;
  address: string;
  server: ReturnType<typeof serve>;
}

async function startProject(): Promise<Project> {
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
async function stopProject({ database, bed, server }: Project): Promise<void> {
  await new Promise((resolve) => server.close(resolve));
  await Promise.all([database.stop(), bed.remove()]);
}
const contentOfProject = ({ ref, address }: Project, more: { serviceKey?: string; endpoint?: string } = {}) =>
  supabaseContent({
    ...{ ref, token: TOKEN, endpoint: address, retryDelayMs: 5 },
    projectUrlTemplate: `${more.endpoint ?? address}/projects/{ref}`,
    ...(more.serviceKey && { serviceKey: more.serviceKey }),
  });

const IMAGE = Buffer.from(Array.from({ length: 700_000 }, (_, at) => (at * 7919) % 251));
const CODE = Buffer.from("ESZIP2.3 \0 not really one");
const SECRET = "smtp-password-that-must-not-be-seen";

let cloud: TestCloud;
let source: Project;
let signer: Signer;
let trustedKeys: string[];

beforeAll(async () => {
  [cloud, source] = await Promise.all([startTestCloud(), startProject()]);
  signer = await cloud.newSigner();
  trustedKeys = [await signer.publicKeyPem()];
  await runSql(
    source.database.url,
    `create table public.t (id int);
     insert into storage.buckets (id, name, allowed_mime_types) values ('files', 'files', null), ('images', 'images', '{image/jpeg}')`,
  );
  const content = contentOfProject(source);
  await put(content, "images", "ä b/c%2F?#.jpg", IMAGE, "image/jpeg");
  await put(content, "files", "empty", Buffer.alloc(0), "text/plain");
  await put(content, "files", "one.txt", Buffer.from("one"), "text/plain", "max-age=3600");
  await runSql(
    source.database.url,
    `set session_replication_role = replica;
     update storage.objects set owner_id = 'someone', created_at = '2025-01-02', updated_at = '2025-02-03', last_accessed_at = '2025-03-04', user_metadata = '{"a": 1}'`,
  );
  await content.deployFunction(
    { slug: "hello", name: "Hello 世界", verifyJwt: false, importMap: true, entrypointPath: "file:///src/index.ts" },
    CODE,
  );
  await content.setAuthSettings({ site_url: "https://castchat.example", smtp_pass: SECRET, jwt_exp: 1800 });
  await content.setAuthSettings({ external_google_secret: SECRET, external_apple_secret: "" });
}, 60_000);
afterAll(async () => {
  await Promise.all([cloud.stop(), stopProject(source)]);
});

const put = (
  content: ProjectContent,
  ...[bucket, name, bytes, contentType, cacheControl]: [string, string, Buffer, string, string?]
) => content.putObject({ bucket, name }, { open: () => Promise.resolve(readableOf(bytes)), contentType, cacheControl });

async function backUp(project: ProjectContent, more: Partial<BackupOptions> = {}) {
  const vault = await cloud.newVault();
  await backup({
    ...{ databaseUrl: source.database.url, vault, signer, tiers: TIERS, clock: systemClock, reporter: silent },
    project,
    ...more,
  });
  const [saved] = await listBackups({ vault, trustedKeys, tiers: TIERS });
  return { vault, manifest: saved!.manifest! };
}
const restoreInto = (target: Project, vault: Vault, more: Partial<Parameters<typeof restore>[0]> = {}) =>
  restore({
    ...{ vault, trustedKeys, tiers: TIERS, targetUrl: target.database.url, generation: 1, clock: systemClock },
    reporter: silent,
    project: contentOfProject(target),
    ...more,
  });
const named = (manifest: Manifest) => manifest.files.map(({ origin, name }) => `${origin} ${name}`).sort();

describe("what lies beside the database", () => {
  it("is in the backup, each content with its hash, and comes back into another project", async () => {
    const identity = await generateX25519Identity();
    const { vault, manifest } = await backUp(contentOfProject(source), {
      sealer: ageSealer([await identityToRecipient(identity)]),
    });
    expect(named(manifest)).toEqual([
      "function hello",
      "storage files/empty",
      "storage files/one.txt",
      "storage images/ä b/c%2F?#.jpg",
    ]);
    const image = manifest.files.find(({ contentType }) => contentType === "image/jpeg")!;
    expect(image).toMatchObject({
      contentBytes: IMAGE.length,
      contentSha256: createHash("sha256").update(IMAGE).digest("hex"),
    });
    expect(image.sizeBytes).toBeGreaterThan(IMAGE.length);
    expect(manifest.leftOut.map(({ what }) => what)).not.toContain("bytes of the objects in storage");
    expect(manifest.leftOut).toContainEqual({
      what: "values of the auth settings external_google_secret, smtp_pass",
      why: "the platform shows a hash in place of a secret: keep them elsewhere, and set them again after a restore",
    });
    for (const { key } of await vault.list(""))
      expect(Buffer.from((await vault.getBytes(key))!).toString("latin1")).not.toContain(SECRET);

    const target = await startProject();
    try {
      const options = { opener: ageOpener([identity]) };
      const result = await restoreInto(target, vault, options);
      expect(result.project).toEqual({ storageObjects: 3, functions: 1, authSettings: 2 });
      expect(result.notes).toContain(
        "The platform gives no secret of the auth service out: set external_google_secret, smtp_pass again in the project.",
      );
      expect(await recoveryLog(vault)).toMatchObject([{ result: "done", phases: result.phases }]);
      expect(result.phases.at(-1)?.name).toBe("project");
      const content = contentOfProject(target);
      expect(await bytesOf(content, "images", "ä b/c%2F?#.jpg")).toEqual(IMAGE);
      expect(await bytesOf(content, "files", "empty")).toEqual(Buffer.alloc(0));
      expect(await content.functionBody("hello")).toEqual(CODE);
      expect(await content.functions()).toEqual(await contentOfProject(source).functions());
      const settings = await content.authSettings();
      expect(settings).toMatchObject({ site_url: "https://castchat.example", jwt_exp: 1800 });
      // What the platform shows of a secret is not the secret, and must not become it.
      expect(Object.keys(settings).filter((name) => /secret|pass/.test(name))).toEqual([]);
      const rows = (database: TestDatabase) =>
        runSql<{ kept: string }>(
          database.url,
          "select bucket_id, name, owner_id, created_at, updated_at, last_accessed_at, user_metadata, metadata ->> 'cacheControl' as kept from storage.objects order by 1, 2",
        );
      expect(await rows(target.database)).toEqual(await rows(source.database));

      expect((await rows(target.database)).map(({ kept }) => kept)).toEqual(["no-cache", "max-age=3600", "no-cache"]);

      // The app goes on: what it stores is not overwritten by the same call again.
      await put(content, "files", "one.txt", Buffer.from("newer"), "text/plain");
      const finishedBefore: unknown = expect.stringMatching(/^20\d\d-/);
      expect(await restoreInto(target, vault, options)).toEqual({ ...result, finishedBefore });
      expect(await recoveryLog(vault)).toHaveLength(1);
      expect(await bytesOf(content, "files", "one.txt")).toEqual(Buffer.from("newer"));
    } finally {
      await stopProject(target);
    }
  }, 60_000);

  it("comes back where its bucket takes less than it did, and a new project smaller objects", async () => {
    const limits = "select id, allowed_mime_types, file_size_limit from storage.buckets order by id";
    await runSql(
      source.database.url,
      "update storage.buckets set allowed_mime_types = '{image/png}', file_size_limit = 10 where id = 'images'",
    );
    const { vault } = await backUp(contentOfProject(source));
    const target = await startProject();
    try {
      const content = contentOfProject(target);
      await content.setSizeLimit(1000);
      expect((await restoreInto(target, vault)).project).toMatchObject({ storageObjects: 3 });
      expect(await bytesOf(content, "images", "ä b/c%2F?#.jpg")).toEqual(IMAGE);
      expect(await content.sizeLimit()).toBe(50 * 2 ** 20);
      expect(await runSql(target.database.url, limits)).toEqual(await runSql(source.database.url, limits));
    } finally {
      await runSql(
        source.database.url,
        "update storage.buckets set allowed_mime_types = '{image/jpeg}', file_size_limit = null where id = 'images'",
      );
      await stopProject(target);
    }
  }, 60_000);

  it("loses no setting of the auth service to another one that the service refuses", async () => {
    const identity = await generateX25519Identity();
    const sealer = ageSealer([await identityToRecipient(identity)]);
    const { vault } = await backUp(contentOfProject(source), { sealer });
    const target = await startProject();
    try {
      const content = contentOfProject(target);
      const refusing: ProjectContent = {
        ...content,
        setAuthSettings: (settings, signal) =>
          "jwt_exp" in settings
            ? Promise.reject(new ServiceError("Supabase", 400, "jwt_exp is not for this plan."))
            : content.setAuthSettings(settings, signal),
      };
      const result = await restoreInto(target, vault, { opener: ageOpener([identity]), project: refusing });
      expect(result.notes).toContain("The auth service did not take its settings jwt_exp: look at them.");
      expect(await content.authSettings()).toMatchObject({ site_url: "https://castchat.example" });
    } finally {
      await stopProject(target);
    }
  }, 60_000);

  it("is not brought where no project is named, and later where one is", async () => {
    const { vault, manifest } = await backUp(contentOfProject(source));
    expect(manifest.leftOut).toContainEqual({
      what: "values of the auth settings",
      why: "no recipient is set to encrypt them to: set ageRecipients",
    });
    const target = await startProject();
    try {
      const without = await restoreInto(target, vault, { project: undefined });
      expect(without.project).toBeUndefined();
      expect(without.notes).toContainEqual(expect.stringMatching(/^Not restored.*3 storage objects, 1 edge functions/));
      const content = contentOfProject(target);
      expect(await content.getObject({ bucket: "files", name: "one.txt" })).toBeUndefined();
      const before = await contentOf(target.database.url);
      // An upload that the service spoils is seen; the same call then goes on.
      const spoiling: ProjectContent = {
        ...content,
        putObject: (place, sent, signal) =>
          content.putObject(place, { ...sent, open: () => Promise.resolve(readableOf(Buffer.from("other"))) }, signal),
      };
      await expect(restoreInto(target, vault, { project: spoiling })).rejects.toThrow(
        /The storage object .+ is not what backup \S+ holds/,
      );
      // Ended in the middle of the uploads: the rows' own columns are not forgotten.
      const ended = new AbortController();
      const ending: ProjectContent = {
        ...content,
        putObject: async (place, sent, signal) => {
          await content.putObject(place, sent, signal);
          ended.abort(new DOMException("interrupted", "AbortError"));
        },
      };
      await expect(restoreInto(target, vault, { project: ending, signal: ended.signal })).rejects.toThrow(
        "interrupted",
      );
      const { project, notes, phases } = await restoreInto(target, vault);
      const own =
        "select name, owner_id, created_at, updated_at, last_accessed_at, user_metadata from storage.objects order by name";
      expect(await runSql(target.database.superuserUrl, own)).toEqual(await runSql(source.database.superuserUrl, own));
      const log = await recoveryLog(vault);
      expect(log.map((entry) => [entry.result, entry.phases.map(({ name }) => name)])).toEqual([
        ["done", phases.map(({ name }) => name).filter((name) => name !== "project")],
        ["failed", []],
        ["failed", []],
        ["done", ["project"]],
      ]);
      expect(log.map((entry) => entry.backupId)).toEqual(Array(4).fill(manifest.backupId));
      expect(project).toEqual({ storageObjects: 3, functions: 1, authSettings: 0 });
      expect(notes).toContain("The backup holds no values of the auth settings: set them in the project.");
      expect(notes).not.toContainEqual(expect.stringContaining("Not restored"));
      expect(await bytesOf(content, "images", "ä b/c%2F?#.jpg")).toEqual(IMAGE);
      const after = await contentOf(target.database.url);
      // Its version and metadata are the service's own.
      delete after["storage.objects"];
      expect(before).toMatchObject(after);
    } finally {
      await stopProject(target);
    }
  }, 60_000);

  it("leaves what somebody has stored, deployed or deleted where the project is named later, and says so", async () => {
    const { vault } = await backUp(contentOfProject(source));
    const target = await startProject();
    try {
      await restoreInto(target, vault, { project: undefined });
      const content = contentOfProject(target);
      await put(content, "files", "one.txt", Buffer.from("another one"), "text/plain");
      await content.deployFunction(
        { slug: "hello", name: "Hello", verifyJwt: false, importMap: true, entrypointPath: "file:///src/index.ts" },
        Buffer.from("newer code"),
      );
      await runSql(
        target.database.superuserUrl,
        "set session_replication_role = replica; delete from storage.objects where name = 'empty'",
      );
      const { project, notes } = await restoreInto(target, vault);
      expect(project).toMatchObject({ storageObjects: 1, functions: 0 });
      expect(notes).toContain(
        "Left as somebody has changed or deleted it since the database was restored: the edge function hello; the object files/empty; the object files/one.txt. Look whether that is wanted.",
      );
      expect(await bytesOf(content, "files", "one.txt")).toEqual(Buffer.from("another one"));
      expect(await content.functionBody("hello")).toEqual(Buffer.from("newer code"));
      expect(await bytesOf(content, "images", "ä b/c%2F?#.jpg")).toEqual(IMAGE);
      expect(await runSql(target.database.url, "select name from storage.objects order by name")).toEqual([
        { name: "one.txt" },
        { name: "ä b/c%2F?#.jpg" },
      ]);
    } finally {
      await stopProject(target);
    }
  }, 60_000);
});

describe("what can't be had beside the database", () => {
  let busy: { server: Server; address: string; refusals: number; broken: number; weakens: boolean };
  beforeAll(async () => {
    // In front of the project: answers 503 for a while, or breaks off in the middle of a body.
    const server = createServer((request, response) => {
      if (busy.refusals > 0) {
        busy.refusals -= 1;
        response.writeHead(503, { "content-type": "application/json" }).end('{"message": "busy"}');
        return;
      }
      const headers = Object.entries(request.headers).flatMap(([name, value]): [string, string][] =>
        typeof value === "string" && !/^(host|connection)$/.test(name) ? [[name, value]] : [],
      );
      void fetch(`${source.address}${request.url!}`, { headers }).then(async (answer) => {
        const bytes = Buffer.from(await answer.arrayBuffer());
        const etag = answer.headers.get("etag");
        const shown = { "content-type": answer.headers.get("content-type")!, "content-length": String(bytes.length) };
        response.writeHead(answer.status, {
          ...shown,
          ...(etag !== null && { etag: busy.weakens ? `W/${etag}` : etag }),
        });
        if (busy.broken > 0 && bytes.length > 1000) {
          busy.broken -= 1;
          response.write(bytes.subarray(0, 1000), () => response.destroy());
        } else response.end(bytes);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    busy = {
      server,
      address: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
      refusals: 0,
      broken: 0,
      weakens: false,
    };
  });
  afterAll(() => void busy.server.close());
  beforeEach(() => void Object.assign(busy, { refusals: 0, broken: 0, weakens: false }));

  it("is waited for while the service is busy, and read anew where it breaks off", async () => {
    busy.refusals = 3;
    busy.broken = 2;
    const { manifest } = await backUp(contentOfProject(source, { endpoint: busy.address }));
    expect(named(manifest)).toHaveLength(4);
    expect([busy.refusals, busy.broken]).toEqual([0, 0]);
  }, 30_000);

  it("is the same where a cache on the way has weakened its etag", async () => {
    busy.weakens = true;
    const { manifest } = await backUp(contentOfProject(source, { endpoint: busy.address }));
    expect(named(manifest)).toHaveLength(4);
  }, 30_000);

  it("is left out by name and reason, and costs nobody the database", async () => {
    busy.refusals = 1000;
    const { manifest } = await backUp(contentOfProject(source, { endpoint: busy.address }));
    expect(named(manifest)).toEqual(["function hello"]);
    expect(manifest.leftOut).toContainEqual({
      what: expect.stringMatching(/^bytes of 3 storage objects \(.*images\/ä b\/c%2F\?#\.jpg/) as unknown,
      why: expect.stringMatching(/^Supabase storage refused GET \S+ \(503\): busy\.$/) as unknown,
      failed: true,
    });
    const wrong = await backUp(contentOfProject(source, { serviceKey: "wrong" }));
    expect(wrong.manifest.leftOut).toContainEqual({
      what: expect.stringContaining("bytes of 3 storage objects") as unknown,
      why: expect.stringMatching(/Invalid API key/) as unknown,
      failed: true,
    });
    expect(JSON.stringify(wrong.manifest)).not.toContain(TOKEN);
  }, 30_000);

  it("is named where an object has vanished, is of another size, or was replaced since", async () => {
    await runSql(
      source.database.superuserUrl,
      `insert into storage.objects (bucket_id, name, metadata) values ('files', 'vanished', '{"size": 5}');
       update storage.objects set metadata = metadata || '{"size": 7}' where name = 'one.txt'`,
    );
    const replacing: ProjectContent = {
      ...contentOfProject(source),
      getObject: async (place, signal) => {
        const found = await contentOfProject(source).getObject(place, signal);
        return found && place.bucket === "images" ? { ...found, etag: '"newer"' } : found;
      },
    };
    const { manifest } = await backUp(replacing);
    expect(named(manifest)).toEqual(["function hello", "storage files/empty"]);
    expect(manifest.leftOut).toEqual(
      expect.arrayContaining([
        { what: "bytes of storage object files/vanished", why: "the storage service has none" },
        { what: "bytes of storage object files/one.txt", why: "the storage service has 3 bytes, its row says 7" },
        {
          what: "bytes of storage object images/ä b/c%2F?#.jpg",
          why: "it was replaced at the storage service after the snapshot",
        },
      ]),
    );
  }, 30_000);
});

interface LogEntry {
  result: string;
  backupId: string;
  startedAt: string;
  phases: { name: string; durationMs: number }[];
}

async function recoveryLog(vault: Vault): Promise<LogEntry[]> {
  const entries = await Promise.all(
    (await vault.list(RECOVERY_LOG_PREFIX)).map(
      async ({ key }) => JSON.parse(String(Buffer.from((await vault.getBytes(key))!))) as LogEntry,
    ),
  );
  return entries.sort((a, b) => (a.startedAt < b.startedAt ? -1 : 1));
}

/** One chunk: `Readable.from(bytes)` alone would give them one by one. */
function readableOf(bytes: Buffer): Readable {
  return Readable.from([bytes]);
}

async function bytesOf(content: ProjectContent, bucket: string, name: string): Promise<Buffer> {
  const found = await content.getObject({ bucket, name });
  const chunks: Buffer[] = [];
  for await (const chunk of found!.body as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

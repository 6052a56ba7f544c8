import { createHash, randomUUID } from "node:crypto";
import { createReadStream, createWriteStream, existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream } from "node:stream/web";

import type { Context, Hono } from "hono";
import type pg from "pg";
import { z } from "zod";

import { keptConnections } from "../postgres/keptConnections.ts";
import { ApiError, bearerToken, readBody } from "./http.ts";
import { apiKey, refusal, type SupabaseProject, type SupabaseWorld } from "./supabaseState.ts";

/** Size limit of objects in a new project, and the maximum for any project, in bytes. */
const FILE_SIZE_LIMIT = 50 * 2 ** 20;
const MOST_OF_A_PLAN = 500 * 2 ** 30;

/** What else the Management API says of the storage service. */
const STORAGE_CONFIGURATION = {
  features: {
    imageTransformation: { enabled: true },
    s3Protocol: { enabled: true },
    icebergCatalog: { enabled: false, maxNamespaces: 10, maxTables: 10, maxCatalogs: 2 },
    vectorBuckets: { enabled: false, maxBuckets: 10, maxIndexes: 5 },
  },
  capabilities: { list_v2: true, iceberg_catalog: false },
  external: { upstreamTarget: "main" },
  migrationVersion: "buckets-objects-grants",
  databasePoolMode: "transaction",
} as const;

/** An error in the storage service's format: with HTTP status 400, and the true status in the body. */
const refuse = (statusCode: string, error: string, message: string) =>
  new ApiError(400, { statusCode, error, message });

interface ObjectRow {
  version: string | null;
  mimetype: string | null;
  etag: string | null;
  cacheControl: string | null;
}

/**
 * The file with an object's bytes; `emulators` is the sandbox's folder of that name.
 *
 * @internal exported for the test that flips a bit there
 */
export function storageFile(emulators: string, ref: string, bucket: string, name: string, version: string): string {
  const hash = createHash("sha256")
    .update(JSON.stringify([bucket, name, version]))
    .digest("hex");
  return join(emulators, "storage", ref, hash);
}

/**
 * A project's storage service, with its rows in the project's own database and its bytes in files. It only accepts the service_role key:
 * row level security for other keys is not simulated.
 *
 * | method and path under /projects/:ref/storage/v1 | what |
 * | --- | --- |
 * | GET /object/:bucket/:path | the bytes, with content-type, etag and cache-control |
 * | GET, PATCH /v1/projects/:ref/config/storage | of the Management API: the size limit of objects |
 * | POST /object/:bucket/:path | stores; an existing object only with `x-upsert: true`, under a new version; keeps content-type and
 * cache-control |
 */
export function addStorageRoutes(app: Hono, { deps, state, save, findProject }: SupabaseWorld): void {
  const kept = keptConnections();
  const query = async <R extends pg.QueryResultRow>(ref: string, sql: string, values: string[]): Promise<R[]> => {
    const connection = deps.postgres.connection(ref);
    if (connection === undefined) throw new Error("the database server is not running");
    return await kept<R>(connection.superuserUrl, sql, values);
  };
  const limitOf = ({ fileSizeLimit = FILE_SIZE_LIMIT }: SupabaseProject) => fileSizeLimit;
  app.get("/v1/projects/:ref/config/storage", (c) =>
    c.json({ ...STORAGE_CONFIGURATION, fileSizeLimit: limitOf(findProject(c.req.param("ref"))) }),
  );
  app.patch("/v1/projects/:ref/config/storage", async (c) => {
    const project = findProject(c.req.param("ref"));
    const body = z.object({ fileSizeLimit: z.number().int().min(0).max(MOST_OF_A_PLAN) });
    project.fileSizeLimit = (await readBody(c, body, (fault) => refusal(400, fault))).fileSizeLimit;
    save();
    return c.json({});
  });
  const authorized = async (c: Context): Promise<SupabaseProject> => {
    const project = state.projects.find((candidate) => candidate.ref === c.req.param("ref"));
    if (project?.status !== "ACTIVE_HEALTHY") throw new ApiError(503, { message: "The project is not active" });
    const token = bearerToken(c.req.header("authorization"));
    if (token !== (await apiKey(project, "service_role")))
      throw refuse(
        "403",
        "Unauthorized",
        token === undefined ? "jwt must be provided" : "signature verification failed",
      );
    return project;
  };
  const placeOf = (c: Context) => {
    const bucket = c.req.param("bucket") ?? "";
    const [, rest = ""] = /\/storage\/v1\/object\/[^/]+\/(.+)$/.exec(c.req.path) ?? [];
    return { bucket, name: rest.split("/").map(decodeURIComponent).join("/") };
  };
  const rowOf = async (project: SupabaseProject, bucket: string, name: string) => {
    const sql = `select version, metadata ->> 'mimetype' as mimetype, metadata ->> 'eTag' as etag, metadata ->> 'cacheControl' as "cacheControl" from storage.objects where bucket_id = $1 and name = $2`;
    return (await query<ObjectRow>(project.ref, sql, [bucket, name]))[0];
  };
  const fileOf = (project: SupabaseProject, bucket: string, name: string, version: string | null | undefined) =>
    storageFile(deps.paths.emulators, project.ref, bucket, name, version ?? "");

  app.get("/projects/:ref/storage/v1/object/:bucket/*", async (c) => {
    const project = await authorized(c);
    const { bucket, name } = placeOf(c);
    const row = await rowOf(project, bucket, name);
    const file = fileOf(project, bucket, name, row?.version);
    if (row === undefined || !existsSync(file)) throw refuse("404", "not_found", "Object not found");
    return new Response(Readable.toWeb(createReadStream(file)), {
      headers: {
        "content-type": row.mimetype ?? "application/octet-stream",
        ...(row.etag && { etag: row.etag }),
        ...(row.cacheControl && { "cache-control": row.cacheControl }),
      },
    });
  });
  app.post("/projects/:ref/storage/v1/object/:bucket/*", async (c) => {
    const project = await authorized(c);
    const { bucket, name } = placeOf(c);
    const ofBucket = "select allowed_mime_types as types from storage.buckets where id = $1";
    const [found] = await query<{ types: string[] | null }>(project.ref, ofBucket, [bucket]);
    const type = c.req.header("content-type") ?? "application/octet-stream";
    if (found === undefined) throw refuse("404", "Bucket not found", "Bucket not found");
    if (found.types !== null && !found.types.includes(type))
      throw refuse("415", "invalid_mime_type", `mime type ${type} is not supported`);
    const row = await rowOf(project, bucket, name);
    if (row !== undefined && c.req.header("x-upsert") !== "true")
      throw refuse("409", "Duplicate", "The resource already exists");
    const version = randomUUID();
    const { size, etag } = await writeFile(fileOf(project, bucket, name, version), c.req.raw.body);
    if (size > limitOf(project)) {
      await rm(fileOf(project, bucket, name, version));
      throw refuse("413", "Payload too large", "The object exceeded the maximum allowed size");
    }
    const metadata = JSON.stringify({
      eTag: etag,
      size,
      mimetype: type,
      httpStatusCode: 200,
      cacheControl: c.req.header("cache-control") ?? "no-cache",
      lastModified: deps.clock().toISOString(),
      contentLength: size,
    });
    await query(
      project.ref,
      `insert into storage.objects as o (bucket_id, name, version, metadata) values ($1, $2, $3, $4::jsonb)
       on conflict (bucket_id, name) do update set version = excluded.version, metadata = excluded.metadata, last_accessed_at = now()`,
      [bucket, name, version, metadata],
    );
    if (row !== undefined) await rm(fileOf(project, bucket, name, row.version), { force: true });
    return c.json({ Key: `${bucket}/${name}`, Id: version });
  });
}

async function writeFile(
  file: string,
  body: globalThis.ReadableStream | null,
): Promise<{ size: number; etag: string }> {
  await mkdir(join(file, ".."), { recursive: true });
  const hash = createHash("md5");
  let size = 0;
  const measure = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      size += chunk.length;
      done(null, chunk);
    },
  });
  const content = body === null ? Readable.from([]) : Readable.fromWeb(body as ReadableStream);
  await pipeline(content, measure, createWriteStream(`${file}.new`, { mode: 0o600 }));
  await rename(`${file}.new`, file);
  return { size, etag: `"${hash.digest("hex")}"` };
}

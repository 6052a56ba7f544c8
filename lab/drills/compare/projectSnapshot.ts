import { createHash } from "node:crypto";

import { HIDDEN_SETTING } from "../../sandbox/emulators/supabaseState.ts";
import { withClient } from "../../sandbox/postgres/client.ts";
import {
  askManagement,
  askStorage,
  type ProjectPlace,
  refusalOf,
  serviceKey,
} from "../../sandbox/sample/projectPlace.ts";
import { functionSources } from "./functionSources.ts";
import { takeObjects } from "./snapshot.ts";
import type { LeftOut } from "./types.ts";

/** A storage object as its service returns it. */
export interface StoredObject {
  bytes: number;
  contentType: string;
  /** SHA-256 of the bytes; undefined if the service has none for the row. */
  sha256: string | undefined;
}

/** The content of a project outside its database at one moment, as hashes: no content, no setting's value, no secret. */
export interface ProjectSnapshot {
  /** By "bucket/name". */
  objects: Record<string, StoredObject>;
  /** By slug: SHA-256 of the modules of its code, and of the settings. */
  functions: Record<string, { code: string; settings: string }>;
  /** By name: SHA-256 of the value. Without secrets, for which the platform shows a hash that differs between projects. */
  authSettings: Record<string, string>;
  /** By name: SHA-256 of description and decrypted value, computed by the database. */
  vaultSecrets: Record<string, string>;
  leftOut: readonly LeftOut[];
}

/** Fields that the platform generates for each deployment of a function. */
const OF_A_DEPLOYMENT = ["id", "version", "created_at", "updated_at"];

/** What no comparison of two projects covers. NOT_COMPARED lists the exceptions in storage.objects. */
const LEFT_OUT: readonly LeftOut[] = [
  {
    what: `${OF_A_DEPLOYMENT.join(", ")} of an edge function`,
    why: "the platform counts and dates deployments, and a recovery deploys again",
  },
  {
    what: "the bytes of an edge function's bundle around its modules",
    why: "the platform encodes a bundle again at each deployment; the names and sources of its modules are compared",
  },
  {
    what: "the project's ref, keys and JWT secret, and the secrets of edge functions",
    why: "a new project has its own, and no interface returns the old ones",
  },
  {
    what: "secrets among the auth settings",
    why: "no interface returns them; the recovery names those to set again",
  },
  { what: "the answers of an edge function", why: "the sandbox keeps functions and never runs them" },
];

const READERS = 4;

/**
 * Reads a project's content outside its database: the bytes of each row of storage.objects, the edge functions, the auth settings, the
 * vault's secrets. Memory does not grow with the size of an object. An object that has a row but no bytes is part of the result.
 *
 * @throws Error with the service's answer when a service refuses
 */
export async function takeProjectSnapshot(place: ProjectPlace): Promise<ProjectSnapshot> {
  const { "vault secret": vaultSecrets } = await takeObjects(place.databaseUrl, ["vault secret"]);
  const settings = (await (await askManagement(place, "config/auth")).json()) as Record<string, unknown>;
  return {
    objects: await readObjects(place),
    functions: await readFunctions(place),
    authSettings: Object.fromEntries(
      Object.entries(settings)
        .filter(([name]) => !HIDDEN_SETTING.test(name))
        .map(([name, value]) => [name, sha256(JSON.stringify(value))]),
    ),
    vaultSecrets,
    leftOut: LEFT_OUT,
  };
}

async function readObjects(place: ProjectPlace): Promise<ProjectSnapshot["objects"]> {
  const [queue, key] = [await listObjects(place.databaseUrl), await serviceKey(place)];
  const found: [string, StoredObject][] = [];
  const read = async (): Promise<void> => {
    for (let row = queue.shift(); row !== undefined; row = queue.shift())
      found.push([`${row.bucket}/${row.name}`, await readObject(await askStorage(place, key, row))]);
  };
  await Promise.all(Array.from({ length: READERS }, read));
  return Object.fromEntries(found);
}

async function listObjects(databaseUrl: string): Promise<{ bucket: string; name: string }[]> {
  return await withClient(databaseUrl, async (client) => {
    // A row hidden by a policy would be an object that no check sees.
    await client.query("set row_security = off");
    const { rows } = await client.query<{ bucket: string; name: string }>(
      "select bucket_id as bucket, name from storage.objects order by 1, 2",
    );
    return rows;
  });
}

async function readObject(answer: Response): Promise<StoredObject> {
  if (!answer.ok) {
    const refusal = await refusalOf(answer);
    // The storage service reports the true status in the body.
    if (!refusal.message.includes('"statusCode":"404"')) throw refusal;
    return { bytes: 0, contentType: "", sha256: undefined };
  }
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of (answer.body ?? []) as AsyncIterable<Uint8Array>) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, contentType: answer.headers.get("content-type") ?? "", sha256: hash.digest("hex") };
}

async function readFunctions(place: ProjectPlace): Promise<ProjectSnapshot["functions"]> {
  const answer = await askManagement(place, "functions");
  const listed = (await answer.json()) as ({ slug: string } & Record<string, unknown>)[];
  const entries = listed.map(async (one): Promise<[string, { code: string; settings: string }]> => {
    const body = await askManagement(place, `functions/${encodeURIComponent(one.slug)}/body`);
    // All other fields of a function are compared, also any that the platform adds later.
    const settings = Object.entries(one).filter(([name]) => !OF_A_DEPLOYMENT.includes(name));
    return [
      one.slug,
      {
        code: sha256(functionSources(Buffer.from(await body.arrayBuffer()))),
        settings: sha256(JSON.stringify(settings.sort(([a], [b]) => (a < b ? -1 : 1)))),
      },
    ];
  });
  return Object.fromEntries(await Promise.all(entries));
}

function sha256(content: string | Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}

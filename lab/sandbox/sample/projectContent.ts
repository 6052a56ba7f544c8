import { createCipheriv, createHash } from "node:crypto";

import { pool } from "../../../services/common/pool.ts";
import { withConnection } from "./connection.ts";
import { eszipOf } from "./eszip.ts";
import { askManagement, askStorage, type ProjectPlace, refusalOf, serviceKey } from "./projectPlace.ts";

/** The content of a sample outside its database. */
export interface FilledContent {
  storageObjects: number;
  storageBytes: number;
  functions: number;
  /** Number of auth settings that differ from a new project's. */
  authSettings: number;
}

interface SampleObject {
  bucket: string;
  name: string;
  sizeBytes: number;
  mimetype: string;
  /** Without it, the storage service uses its own default. */
  cacheControl?: string;
}

/** Number of concurrent uploads. */
const WRITERS = 4;

/** Objects that a fill of the database has no rows for: no, some and many bytes, and names that break addresses and paths. */
const MORE_OBJECTS: readonly SampleObject[] = [
  { bucket: "attachments", name: "empty.txt", sizeBytes: 0, mimetype: "text/plain" },
  {
    bucket: "attachments",
    name: "オーディション 動画/第1回 (final).mp4",
    sizeBytes: 3_000_001,
    mimetype: "video/mp4",
    cacheControl: "max-age=31536000",
  },
  { bucket: "attachments", name: "100% sûr? #1 + a&b=c/ %2F .pdf", sizeBytes: 70_000, mimetype: "application/pdf" },
  {
    bucket: "attachments",
    name: 'e\u0301 and é/it\'s "quoted" [1].bin',
    sizeBytes: 65_537,
    mimetype: "application/x-own",
  },
  { bucket: "avatars", name: "👩‍👩‍👧‍👦 家族.png", sizeBytes: 1, mimetype: "image/png", cacheControl: "max-age=3600" },
];

/** Not a function that could run: a backup stores a bundle as bytes, here also with zeros and invalid UTF-8. */
const FUNCTION = {
  settings: {
    slug: "notify-applicants",
    name: "応募者に通知",
    verify_jwt: "false",
    import_map: "true",
    entrypoint_path: "file:///src/index.ts",
    import_map_path: "file:///src/import_map.json",
  },
  code: eszipOf({
    "file:///src/index.ts": "import { notify } from './notify.ts';\nDeno.serve(notify);\n",
    "file:///src/notify.ts": sampleBytes("notify-applicants", 40_000),
  }),
};

/** None is a new project's default. The password is made up, but must stay secret all the same. */
const AUTH_SETTINGS = {
  site_url: "https://app.castchat.example",
  uri_allow_list: "https://app.castchat.example/*,castchat://login",
  jwt_exp: 1800,
  disable_signup: true,
  password_min_length: 12,
  mailer_subjects_confirmation: "CastChat へようこそ",
  smtp_host: "smtp.castchat.example",
  smtp_pass: "sample-only-not-a-password 鍵",
};

/**
 * Adds a sample's content outside its database, through the interfaces of the app and its developers: bytes for every row of
 * storage.objects, more objects, an edge function, auth settings. Deterministic except for what the services generate. Throws with the
 * service's answer when a service refuses.
 */
export async function fillProject(place: ProjectPlace, signal?: AbortSignal): Promise<FilledContent> {
  const objects = [...(await objectsWithRows(place.databaseUrl)), ...MORE_OBJECTS];
  await uploadAll(place, objects, signal);
  await deployFunction(place, signal);
  return {
    storageObjects: objects.length,
    storageBytes: objects.reduce((sum, object) => sum + object.sizeBytes, 0),
    functions: 1,
    authSettings: await changeAuthSettings(place, signal),
  };
}

/** Whether {@link fillProject} has ended for this project: it changes the auth settings last. */
export async function isProjectFilled(place: ProjectPlace, signal?: AbortSignal): Promise<boolean> {
  const settings = (await (await askManagement(place, "config/auth", { signal })).json()) as Record<string, unknown>;
  const { mailer_subjects_confirmation: subject } = AUTH_SETTINGS;
  return settings["mailer_subjects_confirmation"] === subject;
}

/** Unless an interrupted fill has done so: Supabase refuses a second function of the name. */
async function deployFunction(place: ProjectPlace, signal: AbortSignal | undefined): Promise<void> {
  const deployed = (await (await askManagement(place, "functions", { signal })).json()) as { slug: string }[];
  if (deployed.some(({ slug }) => slug === FUNCTION.settings.slug)) return;
  await askManagement(place, `functions?${new URLSearchParams(FUNCTION.settings).toString()}`, {
    method: "POST",
    contentType: "application/vnd.denoland.eszip",
    body: FUNCTION.code,
    signal,
  });
}

/** So many incompressible bytes, the same for the same name. */
function sampleBytes(name: string, sizeBytes: number): Buffer {
  const key = createHash("sha256").update(name).digest();
  return createCipheriv("aes-256-ctr", key, Buffer.alloc(16)).update(Buffer.alloc(sizeBytes));
}

async function objectsWithRows(databaseUrl: string): Promise<SampleObject[]> {
  return await withConnection(databaseUrl, async (client) => {
    const { rows } = await client.query<SampleObject>(
      `select bucket_id as bucket, name, (metadata ->> 'size')::int as "sizeBytes", metadata ->> 'mimetype' as mimetype from storage.objects order by 1, 2`,
    );
    return rows;
  });
}

async function uploadAll(
  place: ProjectPlace,
  objects: readonly SampleObject[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const key = await serviceKey(place);
  const upload = async (object: SampleObject, inner: AbortSignal): Promise<void> => {
    const body = sampleBytes(`${object.bucket}/${object.name}`, object.sizeBytes);
    const { mimetype: contentType, cacheControl } = object;
    const sent = { method: "POST" as const, contentType, cacheControl, body, signal: inner };
    const answer = await askStorage(place, key, object, sent);
    if (!answer.ok) throw await refusalOf(answer);
  };
  await pool(objects, WRITERS, upload, signal);
}

/** Returns how many settings were different before. */
async function changeAuthSettings(place: ProjectPlace, signal: AbortSignal | undefined): Promise<number> {
  const before = (await (await askManagement(place, "config/auth", { signal })).json()) as Record<string, unknown>;
  const body = Buffer.from(JSON.stringify(AUTH_SETTINGS));
  await askManagement(place, "config/auth", { method: "PATCH", contentType: "application/json", body, signal });
  return Object.entries(AUTH_SETTINGS).filter(([name, value]) => before[name] !== value).length;
}

/** A Supabase project, and the credentials for it. */
export interface ProjectPlace {
  ref: string;
  /** Connection string of its role `postgres`. */
  databaseUrl: string;
  /** Address of the sandbox's Supabase: the Management API, and each project's own API under `/projects/REF`. */
  supabase: string;
  /** Token of the Management API. */
  token: string;
}

/** A request without its address. */
export interface Question {
  method?: "POST" | "PATCH";
  contentType?: string;
  /** Header of an object to be stored. */
  cacheControl?: string | undefined;
  body?: Buffer;
  signal?: AbortSignal | undefined;
}

/**
 * Calls the project's Management API; `path` follows `/v1/projects/REF/`. It doesn't use the product's clients, so that their faults can't
 * hide in the data created or compared here. Throws with the service's answer when it refuses.
 */
export async function askManagement(place: ProjectPlace, path: string, question: Question = {}): Promise<Response> {
  const url = `${place.supabase}/v1/projects/${place.ref}/${path}`;
  const answer = await send(url, { authorization: `Bearer ${place.token}` }, question);
  if (!answer.ok) throw await refusalOf(answer);
  return answer;
}

/** The project's service_role key. */
export async function serviceKey(place: ProjectPlace): Promise<string> {
  const answer = await askManagement(place, "api-keys?reveal=true");
  const keys = (await answer.json()) as { name: string; api_key: string }[];
  const found = keys.find(({ name }) => name === "service_role");
  if (found === undefined) throw new Error(`Supabase lists no service_role key of project ${place.ref}`);
  return found.api_key;
}

/** Reads an object from the project's storage service, or stores one. A refusal is returned, not thrown. */
export async function askStorage(
  { supabase, ref }: ProjectPlace,
  key: string,
  object: { bucket: string; name: string },
  question: Question = {},
): Promise<Response> {
  const path = [object.bucket, ...object.name.split("/")].map(encodeURIComponent).join("/");
  const headers = { authorization: `Bearer ${key}`, apikey: key, "x-upsert": "true" };
  return await send(`${supabase}/projects/${ref}/storage/v1/object/${path}`, headers, question);
}

/** An error for a refusal. */
export async function refusalOf(answer: Response): Promise<Error> {
  return new Error(`${new URL(answer.url).pathname} was answered with ${answer.status}: ${await answer.text()}`);
}

function send(url: string, headers: Record<string, string>, question: Question): Promise<Response> {
  const { method, contentType, cacheControl, body, signal } = question;
  return fetch(url, {
    headers: {
      ...headers,
      ...(contentType === undefined ? {} : { "content-type": contentType }),
      ...(cacheControl === undefined ? {} : { "cache-control": cacheControl }),
    },
    ...(method === undefined ? {} : { method }),
    ...(body === undefined ? {} : { body: new Uint8Array(body) }),
    ...(signal === undefined ? {} : { signal }),
  });
}

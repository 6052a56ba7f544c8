/** A Supabase project, and as whom it is asked. */
export interface ProjectPlace {
  ref: string;
  /** Connection string of its role `postgres`. */
  databaseUrl: string;
  /** Address of the sandbox's Supabase: the Management API, and each project's own API under `/projects/REF`. */
  supabase: string;
  /** Of the Management API. */
  token: string;
}

/** What is asked beside the address. */
export interface Question {
  method?: "POST" | "PATCH";
  contentType?: string;
  /** Header of an object to be stored. */
  cacheControl?: string | undefined;
  body?: Buffer;
  signal?: AbortSignal | undefined;
}

/**
 * Asks the project's Management API; `path` follows `/v1/projects/REF/`. By nothing of the product's clients, so that a fault of theirs
 * can't hide in what is made and compared with this. Throws with the service's answer where it refuses.
 */
export async function askManagement(place: ProjectPlace, path: string, question: Question = {}): Promise<Response> {
  const url = `${place.supabase}/v1/projects/${place.ref}/${path}`;
  const answer = await send(url, { authorization: `Bearer ${place.token}` }, question);
  if (!answer.ok) throw await refusalOf(answer);
  return answer;
}

/** The project's key of role service_role. */
export async function serviceKey(place: ProjectPlace): Promise<string> {
  const answer = await askManagement(place, "api-keys?reveal=true");
  const keys = (await answer.json()) as { name: string; api_key: string }[];
  const found = keys.find(({ name }) => name === "service_role");
  if (found === undefined) throw new Error(`Supabase lists no service_role key of project ${place.ref}`);
  return found.api_key;
}

/** Asks the project's storage service for an object, or stores one; a refusal is an answer too. */
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

/** An answer that is a refusal, as an error. */
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

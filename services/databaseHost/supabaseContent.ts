import { Readable } from "node:stream";

import { z } from "zod";

import { UserError } from "../common/errors.ts";
import { type ContentRequest, sendContent, unlessMissing } from "../http/contentRequest.ts";
import { segment } from "../http/http.ts";
import { withoutToken } from "../http/token.ts";
import { projectUrl, SUPABASE_API } from "./supabase.ts";
import { keyHeaders, keysAnswer, secretKeyIn } from "./supabaseKeys.ts";

/** An object of a project's storage. */
export interface StoragePlace {
  bucket: string;
  /** Path within the bucket. */
  name: string;
}

/** An object's content on its way. */
export interface StorageContent {
  body: Readable;
  contentType: string;
  /** As the storage service writes it, with its quotes; undefined where it tells none. */
  etag: string | undefined;
}

/** What an object is to be. */
export interface NewObject {
  /** Gives the content anew for each attempt. */
  open: () => Promise<Readable>;
  contentType: string;
  /** How long whoever has fetched it may keep it, such as `max-age=3600`; the storage service's own default without it. */
  cacheControl?: string | undefined;
}

/** An edge function without its code. */
export interface EdgeFunction {
  slug: string;
  name: string;
  /** Whether a caller needs a session's token. */
  verifyJwt: boolean;
  importMap: boolean;
  entrypointPath?: string | undefined;
  importMapPath?: string | undefined;
}

/**
 * What a Supabase project holds beside its database. Every call throws ServiceError or UnreachableError, after some attempts
 * where the service was only busy.
 */
export interface ProjectContent {
  /** The object's content, or undefined when the service says that there is none. */
  getObject(place: StoragePlace, signal?: AbortSignal): Promise<StorageContent | undefined>;
  /** Stores an object in place of any that is there. */
  putObject(place: StoragePlace, content: NewObject, signal?: AbortSignal): Promise<void>;
  /** Bytes that an object may have at most. */
  sizeLimit(signal?: AbortSignal): Promise<number>;
  setSizeLimit(bytes: number, signal?: AbortSignal): Promise<void>;
  functions(signal?: AbortSignal): Promise<EdgeFunction[]>;
  /** A function's code as the platform bundled it (eszip), or undefined when there is no such function. */
  functionBody(slug: string, signal?: AbortSignal): Promise<Buffer | undefined>;
  /** Makes the function, or gives the one of that slug this code. */
  deployFunction(wanted: EdgeFunction, body: Buffer, signal?: AbortSignal): Promise<void>;
  /** Settings of the auth service; in place of a secret a hash (authSettings.ts). */
  authSettings(signal?: AbortSignal): Promise<Record<string, unknown>>;
  /** Changes these settings and leaves the others. */
  setAuthSettings(settings: Record<string, unknown>, signal?: AbortSignal): Promise<void>;
}

/** Whose content, and as whom. */
export interface ProjectContentOptions {
  ref: string;
  /** Of the Management API. Where there is none, each call is a UserError that says so. */
  token: string | undefined;
  /** Address of the Management API; Supabase's own by default. */
  endpoint?: string | undefined;
  /** Address of a project's own API with `{ref}`; Supabase's own by default. */
  projectUrlTemplate?: string | undefined;
  /** A secret key, or the older service_role; asked for at the Management API without it. */
  serviceKey?: string | undefined;
  /** Before the second attempt, then twice as long each time (500). */
  retryDelayMs?: number;
}

const ESZIP = "application/vnd.denoland.eszip";

const functionsAnswer = z.array(
  z
    .object({
      slug: z.string().min(1),
      name: z.string(),
      verify_jwt: z.boolean().default(true),
      import_map: z.boolean().default(false),
      entrypoint_path: z.string().nullish(),
      import_map_path: z.string().nullish(),
    })
    .transform((one) => ({
      slug: one.slug,
      name: one.name,
      verifyJwt: one.verify_jwt,
      importMap: one.import_map,
      ...(one.entrypoint_path && { entrypointPath: one.entrypoint_path }),
      ...(one.import_map_path && { importMapPath: one.import_map_path }),
    })),
);

/**
 * Whether an object of that name can be asked for: an address with a part of only dots leads elsewhere, with the project's key
 * (RFC 3986, 5.2.4, which fetch follows).
 */
export function hasAddress(name: string): boolean {
  return !name.split("/").some((part) => part === "." || part === "..");
}

/** A client of one project's storage, edge functions and auth settings. Makes no call by itself. */
export function supabaseContent(options: ProjectContentOptions): ProjectContent {
  const api = `${(options.endpoint ?? SUPABASE_API).replace(/\/+$/, "")}/v1/projects/${segment(options.ref)}`;
  const objects = `${projectUrl(options.projectUrlTemplate, options.ref)}/storage/v1/object`;
  const call = async (request: Omit<ContentRequest, "service" | "headers"> & { headers?: Record<string, string> }) => {
    if (options.token === undefined) throw new UserError(withoutToken("SUPABASE_ACCESS_TOKEN"));
    const headers = { authorization: `Bearer ${options.token}`, ...request.headers };
    return await sendContent({ ...request, service: "Supabase", headers }, options.retryDelayMs);
  };
  let key = options.serviceKey;
  const storageHeaders = async (signal?: AbortSignal): Promise<Record<string, string>> => {
    if (key === undefined) {
      const answer = await call({ method: "GET", url: `${api}/api-keys?reveal=true`, signal });
      key = secretKeyIn(keysAnswer.parse(await answer.json()));
      if (key === undefined)
        throw new Error(
          `Supabase lists neither a secret key nor a service_role key for project ${options.ref}: create one under Settings, API keys`,
        );
    }
    return keyHeaders(key);
  };
  const storage = async (request: Omit<ContentRequest, "service">, signal?: AbortSignal) =>
    sendContent(
      {
        ...request,
        service: "Supabase storage",
        headers: { ...(await storageHeaders(signal)), ...request.headers },
        signal,
      },
      options.retryDelayMs,
    );
  const addressOf = ({ bucket, name }: StoragePlace) => {
    if (!hasAddress(`${bucket}/${name}`)) throw new Error(`No address can hold the name ${bucket}/${name}`);
    return `${objects}/${segment(bucket)}/${name.split("/").map(segment).join("/")}`;
  };
  /** Changes some settings of one of the project's services. */
  const change = async (service: string, settings: Record<string, unknown>, signal?: AbortSignal): Promise<void> => {
    const answer = await call({
      method: "PATCH",
      url: `${api}/config/${service}`,
      headers: { "content-type": "application/json" },
      open: () => Promise.resolve(Readable.from([Buffer.from(JSON.stringify(settings), "utf8")])),
      signal,
    });
    await answer.body?.cancel();
  };

  const content: ProjectContent = {
    async getObject(place, signal) {
      // As it is stored: what a cache compresses on the way gets another etag.
      const headers = { "accept-encoding": "identity" };
      const answer = await unlessMissing(storage({ method: "GET", url: addressOf(place), headers }, signal));
      if (answer === undefined) return undefined;
      return {
        body: answer.body === null ? Readable.from([]) : Readable.fromWeb(answer.body),
        contentType: answer.headers.get("content-type") ?? "application/octet-stream",
        etag: answer.headers.get("etag") ?? undefined,
      };
    },
    async putObject(place, { open, contentType, cacheControl }, signal) {
      const headers = {
        "content-type": contentType,
        "x-upsert": "true",
        ...(cacheControl !== undefined && { "cache-control": cacheControl }),
      };
      const answer = await storage({ method: "POST", url: addressOf(place), headers, open, repeatable: true }, signal);
      await answer.body?.cancel();
    },
    async sizeLimit(signal) {
      const answer = await call({ method: "GET", url: `${api}/config/storage`, signal });
      return z.object({ fileSizeLimit: z.number() }).parse(await answer.json()).fileSizeLimit;
    },
    setSizeLimit: (fileSizeLimit, signal) => change("storage", { fileSizeLimit }, signal),
    async functions(signal) {
      const answer = await call({ method: "GET", url: `${api}/functions`, signal });
      return functionsAnswer.parse(await answer.json());
    },
    async functionBody(slug, signal) {
      const answer = await unlessMissing(
        call({ method: "GET", url: `${api}/functions/${segment(slug)}/body`, headers: { accept: ESZIP }, signal }),
      );
      return answer && Buffer.from(await answer.arrayBuffer());
    },
    async deployFunction(wanted, body, signal) {
      const exists = (await content.functions(signal)).some(({ slug }) => slug === wanted.slug);
      const query = new URLSearchParams({
        ...(exists ? {} : { slug: wanted.slug }),
        name: wanted.name,
        verify_jwt: String(wanted.verifyJwt),
        import_map: String(wanted.importMap),
        ...(wanted.entrypointPath && { entrypoint_path: wanted.entrypointPath }),
        ...(wanted.importMapPath && { import_map_path: wanted.importMapPath }),
      });
      const answer = await call({
        method: exists ? "PATCH" : "POST",
        url: `${api}/functions${exists ? `/${segment(wanted.slug)}` : ""}?${query.toString()}`,
        headers: { "content-type": ESZIP },
        open: () => Promise.resolve(Readable.from([body])),
        signal,
      });
      await answer.body?.cancel();
    },
    async authSettings(signal) {
      const answer = await call({ method: "GET", url: `${api}/config/auth`, signal });
      return z.record(z.string(), z.unknown()).parse(await answer.json());
    },
    setAuthSettings: (settings, signal) => change("auth", settings, signal),
  };
  return content;
}

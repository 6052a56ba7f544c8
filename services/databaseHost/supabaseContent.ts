import { Readable } from "node:stream";

import { z } from "zod";

import { UserError } from "../common/errors.ts";
import { type ContentRequest, sendContent } from "../http/contentRequest.ts";
import { segment, unlessNotFound } from "../http/http.ts";
import { withoutToken } from "../http/remoteService.ts";
import { hasAddress, type ProjectContent, type StoragePlace } from "./projectContent.ts";
import { SUPABASE, SUPABASE_API, type SupabaseAccess, supabaseApi, supabaseProjectUrl } from "./supabaseApi.ts";
import { functionCodeDigest } from "./supabaseFunctionCode.ts";
import { keyHeaders, keysAnswer, secretKeyIn } from "./supabaseKeys.ts";
import { supabaseSizes } from "./supabaseSizes.ts";

/** Which project, and how it is called. */
export interface ProjectContentOptions extends Pick<SupabaseAccess, "endpoint" | "projectUrlTemplate"> {
  ref: string;
  /** Of the Management API. Without it, each call is a UserError. */
  token: string | undefined;
  /** A secret key, or the older service_role. @default - the one that the Management API gives */
  serviceKey?: string | undefined;
  /** Milliseconds before the second attempt, doubled with each further one. @default - `contentPauseMs` of {@link realTiming} */
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

/** A client of one project's storage, edge functions and auth settings. Creating it makes no call. */
export function supabaseContent(options: ProjectContentOptions): ProjectContent {
  const api = `${(options.endpoint ?? SUPABASE_API).replace(/\/+$/, "")}/v1/projects/${segment(options.ref)}`;
  const objects = `${supabaseProjectUrl(options.projectUrlTemplate, options.ref)}/storage/v1/object`;
  const call = async (request: Omit<ContentRequest, "service" | "headers"> & { headers?: Record<string, string> }) => {
    if (options.token === undefined) throw new UserError(withoutToken(SUPABASE.tokenName));
    const headers = { authorization: `Bearer ${options.token}`, ...request.headers };
    return await sendContent({ ...request, service: SUPABASE.name, headers }, options.retryDelayMs);
  };
  const json = async (url: string, signal?: AbortSignal) => (await call({ method: "GET", url, signal })).json();
  let key = options.serviceKey;
  const storageHeaders = async (signal?: AbortSignal): Promise<Record<string, string>> => {
    key ??= secretKeyIn(keysAnswer.parse(await json(`${api}/api-keys?reveal=true`, signal)));
    if (key !== undefined) return keyHeaders(key);
    throw new Error(
      `Supabase lists neither a secret key nor a service_role key for project ${options.ref}: create one under Settings, API keys`,
    );
  };
  const storage = async (request: Omit<ContentRequest, "service">, signal?: AbortSignal) => {
    const headers = { ...(await storageHeaders(signal)), ...request.headers };
    return sendContent({ ...request, service: "Supabase storage", headers, signal }, options.retryDelayMs);
  };
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
      // The stored bytes: a cache that compresses them changes the etag.
      const headers = { "accept-encoding": "identity" };
      const answer = await unlessNotFound(storage({ method: "GET", url: addressOf(place), headers }, signal));
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
      const answer = z.object({ fileSizeLimit: z.number() });
      return answer.parse(await json(`${api}/config/storage`, signal)).fileSizeLimit;
    },
    setSizeLimit: (fileSizeLimit, signal) => change("storage", { fileSizeLimit }, signal),
    functions: async (signal) => functionsAnswer.parse(await json(`${api}/functions`, signal)),
    async functionBody(slug, signal) {
      const answer = await unlessNotFound(
        call({ method: "GET", url: `${api}/functions/${segment(slug)}/body`, headers: { accept: ESZIP }, signal }),
      );
      return answer && Buffer.from(await answer.arrayBuffer());
    },
    codeDigest: functionCodeDigest,
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
    authSettings: async (signal) => z.record(z.string(), z.unknown()).parse(await json(`${api}/config/auth`, signal)),
    setAuthSettings: (settings, signal) => change("auth", writable(settings), signal),
    async size(signal) {
      const { token, endpoint, retryDelayMs } = options;
      if (token === undefined) throw new UserError(withoutToken(SUPABASE.tokenName));
      return await supabaseSizes(supabaseApi({ token, endpoint, retryDelayMs })).size(options.ref, signal);
    },
    isSecretSetting,
  };
  return content;
}

/** Auth settings in answers of the Management API that its requests do not have (supabase-management-js 2.0.2, UpdateAuthConfigBody). */
const ONLY_SHOWN: ReadonlySet<string> = new Set(["nimbus_oauth_email_optional", "saml_allow_encrypted_assertions"]);

/** The settings that a request may name. */
function writable(settings: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(settings).filter(([name]) => !ONLY_SHOWN.has(name)));
}

/**
 * Whether a setting of Supabase's auth service is a secret. The Management API never shows such a value again, but a hash that differs
 * between projects. If it were written back, the hash would become the secret itself.
 * Sources: supabase/cli (pkg/config/auth.go: each field with `SHA256`), supabase/terraform-provider-supabase (`copySensitiveFields`).
 */
function isSecretSetting(name: string): boolean {
  return /^(smtp_pass|sms_textlocal_api_key)$|_(secrets?|auth_token|access_key)$/.test(name);
}

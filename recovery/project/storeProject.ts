import { Readable } from "node:stream";

import { messageOf } from "../../services/common/errors.ts";
import type { EdgeFunction, ProjectContent } from "../../services/databaseHost/projectContent.ts";
import type { LeftOut } from "../postgres/catalog/leftOut.ts";
import { ALL, type Lacks } from "../vault/lacks.ts";
import type { BackupFile, BackupPart, Manifest } from "../vault/manifest.ts";
import { projectText } from "../vault/projectPart.ts";
import { type RunPlace, storeText } from "../vault/storePart.ts";
import { plainSettings, secretSettings } from "./authSettings.ts";
import { FileStore } from "./fileStore.ts";
import { storeStorage, type StoreStorageOptions } from "./storeStorage.ts";

/** What was stored of a project outside its database. */
export interface StoredProject {
  parts: BackupPart[];
  files: BackupFile[];
  leftOut: readonly LeftOut[];
  lacks: Lacks;
  /** The size of the project's database. Absent if the host does not say it. */
  machine?: Manifest["machine"];
}

/** What to store, and where. */
export interface StoreProjectOptions extends Omit<StoreStorageOptions, "store"> {
  place: RunPlace;
  /** Whether the vault encrypts what is stored, so that secrets may be stored. */
  isSealed: boolean;
}

/**
 * Stores the bytes of the snapshot's storage objects, the code of the edge functions, and the settings of functions and the auth service.
 * An object that has been deleted or replaced, and whatever a service refuses, is left out by name and reason. It affects neither the rest
 * nor the backup of the database.
 *
 * @throws UserError, PromiseError: the vault's own errors
 */
export async function storeProject(options: StoreProjectOptions): Promise<StoredProject> {
  const { project, isSealed, place, signal } = options;
  const store = new FileStore(place);
  const storage = await storeStorage({ ...options, store });
  const leftOut: LeftOut[] = [
    { what: "the JWT secret and the secrets of edge functions", why: "no interface of the platform gives them out" },
    ...storage.leftOut,
  ];
  const functions = await orLeftOut("edge functions", leftOut, signal, () => project.functions(signal));
  const stored: EdgeFunction[] = [];
  for (const one of functions ?? []) if (await storeFunction(options, store, one, leftOut)) stored.push(one);
  const sizeLimit = await orLeftOut("the limit of an object's size", leftOut, signal, () => project.sizeLimit(signal));
  const authSettings = isSealed
    ? await orLeftOut("auth settings", leftOut, signal, () => project.authSettings(signal))
    : undefined;
  if (!isSealed)
    leftOut.push({
      what: "values of the auth settings",
      why: "no recipient is set to encrypt them to: set ageRecipients",
    });
  const secretAuthSettings = secretSettings(project, authSettings ?? {});
  if (secretAuthSettings.length > 0)
    leftOut.push({
      what: `values of the auth settings ${secretAuthSettings.join(", ")}`,
      why: "the platform shows a hash in place of a secret: keep them elsewhere, and set them again after a restore",
    });
  const machine = await sizeOf(project, leftOut, signal);
  const text = projectText({
    functions: stored,
    ...(sizeLimit !== undefined && { storageSizeLimit: sizeLimit }),
    ...(authSettings && { authSettings: plainSettings(project, authSettings), secretAuthSettings }),
  });
  const withoutCode = functions?.map(({ slug }) => slug).filter((slug) => !stored.some((one) => one.slug === slug));
  const lackingFunctions = withoutCode ?? [ALL];
  return {
    parts: [await storeText(place, "project.json", text, signal)],
    files: store.sorted(),
    leftOut,
    ...(machine && { machine }),
    lacks: {
      ...(storage.lacks.length > 0 && { storage: storage.lacks }),
      ...(lackingFunctions.length > 0 && { functions: lackingFunctions }),
      ...(authSettings === undefined && { authSettings: [ALL] }),
    },
  };
}

async function storeFunction(
  { project, signal }: StoreProjectOptions,
  store: FileStore,
  { slug }: EdgeFunction,
  leftOut: LeftOut[],
): Promise<boolean> {
  const what = `code of edge function ${slug}`;
  const body = await orLeftOut(what, leftOut, signal, async () => {
    const found = await project.functionBody(slug, signal);
    if (found === undefined) throw new Error("the platform has none");
    return found;
  });
  if (body === undefined) return false;
  store.keep(await store.put("function", slug, "application/vnd.denoland.eszip", Readable.from([body]), signal));
  return true;
}

/** The size of the database, by which a recovery makes its project. A backup without it is whole. */
async function sizeOf(project: ProjectContent, leftOut: LeftOut[], signal: AbortSignal): Promise<Manifest["machine"]> {
  try {
    const { compute, diskGb } = await project.size(signal);
    return { ...(compute !== undefined && { compute }), ...(diskGb !== undefined && { diskGb }) };
  } catch (error) {
    signal.throwIfAborted();
    leftOut.push({ what: "the sizes of the database's compute and disk", why: messageOf(error) });
    return undefined;
  }
}

async function orLeftOut<T>(
  what: string,
  leftOut: LeftOut[],
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    signal.throwIfAborted();
    leftOut.push({ what, why: messageOf(error), failed: true });
    return undefined;
  }
}

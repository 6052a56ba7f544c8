import { hashNames, type IsSealed, sealedIn } from "../vault/sealedNames.ts";
import { contentOf, type EnvironmentSource, findEnvironment } from "./storedEnvironment.ts";

/**
 * What is sealed of an app's variables, for which no identity is needed. Variables that were sealed before a manifest had hashes of their names are
 * opened where that is possible, and count as not sealed otherwise.
 *
 * @param app the app's name in the settings; undefined for the app without a name
 */
export async function sealedNamesOf(source: EnvironmentSource, app: string | undefined): Promise<IsSealed> {
  const { backup } = await findEnvironment(source, app);
  if (backup === undefined) return () => false;
  const { sealedNames } = backup.manifest;
  if (sealedNames !== undefined) return sealedIn(sealedNames);
  return sealedIn(hashNames(source.opener === undefined ? [] : (await contentOf(source, backup)).variables));
}

import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

import { z } from "zod";

import { UserError } from "../../../services/common/errors.ts";
import { PROJECT_ROOT } from "../host/layout.ts";

/** An official plugin of Pulumi, in the version of its package. */
export interface OfficialPlugin {
  name: string;
  version: string;
  /** Its folder in the cache of plugins, which may not exist. */
  folder: string;
}

/**
 * The plugins that can take the place of the sandbox's own, with their packages. Not aws: it asks S3 Control at an address that begins with the
 * account's number, which the sandbox's gateway cannot have.
 */
const PACKAGES = { cloudflare: "@pulumi/cloudflare", github: "@pulumi/github", vercel: "@pulumiverse/vercel" } as const;
const packageFile = z.object({ version: z.string() });

/** The official plugins that the user's cache has, and those that it lacks. */
export function officialPlugins(environment: NodeJS.ProcessEnv): {
  there: OfficialPlugin[];
  missing: OfficialPlugin[];
} {
  const home = environment["PULUMI_HOME"] || join(environment["HOME"] || homedir(), ".pulumi");
  const all = Object.entries(PACKAGES).map(([name, of]) => {
    const text = readFileSync(join(PROJECT_ROOT, "node_modules", of, "package.json"), "utf8");
    const { version } = packageFile.parse(JSON.parse(text));
    return { name, version, folder: join(home, "plugins", `resource-${name}-v${version}`) };
  });
  const isThere = ({ name, folder }: OfficialPlugin) => existsSync(join(folder, `pulumi-resource-${name}`));
  return { there: all.filter(isThere), missing: all.filter((one) => !isThere(one)) };
}

/** The same; a UserError with the commands that install them if there is none. */
export function neededPlugins(environment: NodeJS.ProcessEnv): ReturnType<typeof officialPlugins> {
  const found = officialPlugins(environment);
  if (found.there.length > 0) return found;
  const commands = found.missing.map(
    ({ name, version }) => `pulumi plugin install resource ${name} v${version}${SERVERS[name] ?? ""}`,
  );
  throw new UserError(
    `None of Pulumi's official plugins is installed, so there is nothing to compare with. Where their hosts can be reached, type: ${commands.join(" && ")}`,
  );
}

/** Where a plugin is that Pulumi itself does not publish. Source: the field pulumi.server of its package. */
const SERVERS: Readonly<Record<string, string>> = { vercel: " --server github://api.github.com/pulumiverse" };

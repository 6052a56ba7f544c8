import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";

import { addressOf, layout, PROJECT_ROOT, type SandboxFile } from "../host/layout.ts";
import { certifyHost } from "./authority.ts";
import { type GuardingProxy, startGuardingProxy } from "./guardingProxy.ts";
import type { OfficialPlugin } from "./officialPlugins.ts";

/** The sandbox's own plugins, of which official ones take places. */
const OWN = join(PROJECT_ROOT, "lab", "sandbox", "plugins", "bin");
const ALL = ["aws", "cloudflare", "github", "vercel"];
/** The address of the official plugin of Vercel is fixed; those of the others are settings. */
const VERCEL_HOST = "api.vercel.com";

/** A sandbox's environment with official plugins, and the proxy that they are behind. */
export interface OfficialEnvironment {
  environment: Record<string, string>;
  proxy: GuardingProxy;
}

/**
 * Changes a sandbox's environment so that the engine takes these official plugins in place of the sandbox's own. They reach the emulators and
 * nothing else. Stop the proxy afterwards.
 */
export async function officialEnvironment(
  home: string,
  file: SandboxFile,
  base: Readonly<Record<string, string>>,
  plugins: readonly OfficialPlugin[],
): Promise<OfficialEnvironment> {
  const folder = join(home, "fidelity");
  const own = join(folder, "bin");
  const cache = join(layout(home).pulumi, "plugins");
  for (const one of [own, cache]) await mkdir(one, { recursive: true });
  for (const { folder: from, name, version } of plugins)
    await symlink(from, join(cache, `resource-${name}-v${version}`));
  for (const name of ALL.filter((one) => !plugins.some((plugin) => plugin.name === one))) {
    const starter = join(own, `pulumi-resource-${name}`);
    await writeFile(starter, `#!/bin/sh\nexec '${join(OWN, `pulumi-resource-${name}`)}' "$@"\n`);
    await chmod(starter, 0o755);
  }
  const { rootFile, ...certificate } = await certifyHost(folder, VERCEL_HOST);
  const proxy = await startGuardingProxy({ [VERCEL_HOST]: { to: addressOf(file.ports, "vercel"), ...certificate } });
  const path = (base["PATH"] ?? "").split(delimiter).filter((one) => one !== OWN);
  return {
    proxy,
    environment: {
      ...base,
      PATH: [own, ...path].join(delimiter),
      HTTPS_PROXY: proxy.address,
      HTTP_PROXY: proxy.address,
      NO_PROXY: "127.0.0.1,localhost",
      SSL_CERT_FILE: rootFile,
    },
  };
}

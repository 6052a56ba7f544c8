/**
 * Renews the descriptions of GitHub, GitLab, Vercel and Cloudflare in tests/fixtures/descriptions: `node tools/descriptions/main.ts [NAME]…`.
 * Fetches each package from the npm registry and keeps the operations of operations.ts. To move to a newer version, change it here.
 */
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { fromCloudflare } from "./cloudflareTypes.ts";
import { compact, textOf } from "./compact.ts";
import type { Description, Source } from "./description.ts";
import { fromGitlab } from "./gitlabTypes.ts";
import { localVersion } from "./localVersion.ts";
import { fromOpenApi } from "./openApi.ts";
import { GITHUB_OPERATIONS } from "./operations.ts";
import { fromSupabaseAuth } from "./supabaseAuthTypes.ts";
import { fromSupabase } from "./supabaseTypes.ts";
import { fromVercel } from "./vercelModels.ts";

const ROOT = join(import.meta.dirname, "../..");

interface Cut {
  source: Source;
  /** True if the licence permits no copy in this repository: then it goes to `.build`. */
  isLocal?: boolean;
  cut: (folder: string, source: Source) => Description | Promise<Description>;
}
const CUTS: Readonly<Record<string, Cut>> = {
  github: {
    source: { package: "@octokit/openapi", version: "23.0.2", licence: "MIT, Octokit contributors" },
    cut: (folder, source) => {
      const text = readFileSync(join(folder, "generated", "api.github.com.json"), "utf8");
      return fromOpenApi(JSON.parse(text) as Record<string, unknown>, GITHUB_OPERATIONS, source);
    },
  },
  gitlab: {
    source: { package: "@gitbeaker/core", version: "43.8.0", licence: "MIT, Justin Dalrymple" },
    cut: fromGitlab,
  },
  vercel: {
    source: { package: "@vercel/sdk", version: "1.28.35", licence: "Apache-2.0, Vercel" },
    cut: fromVercel,
  },
  cloudflare: {
    source: { package: "cloudflare", version: "7.3.0", licence: "Apache-2.0, Cloudflare" },
    cut: fromCloudflare,
  },
  supabase: {
    // The package names no licence, so that it is a dependency of the tests, and no copy of it is kept.
    source: { package: "supabase-management-js", version: installed("supabase-management-js"), licence: "none named" },
    isLocal: true,
    cut: fromSupabase,
  },
  supabaseAuth: {
    source: { package: "@supabase/auth-js", version: "2.109.0", licence: "MIT, Supabase" },
    cut: fromSupabaseAuth,
  },
};

function installed(name: string): string {
  const text = readFileSync(join(ROOT, "node_modules", name, "package.json"), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

const asked = process.argv.slice(2);
for (const [name, { source, isLocal = false, cut }] of Object.entries(CUTS)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  const home = mkdtempSync(join(tmpdir(), "castchat-descriptions-"));
  try {
    const description = await cut(isLocal ? join(ROOT, "node_modules", source.package) : fetched(source, home), source);
    const folder = join(ROOT, isLocal ? ".build/descriptions" : "tests/fixtures/descriptions");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(home, name), textOf(compact(description)));
    // Test suites that run at once may both make it.
    copyFileSync(join(home, name), join(folder, `${name}.${process.pid}`));
    const kept = isLocal ? `${name}-${localVersion()}.json` : `${name}.json`;
    renameSync(join(folder, `${name}.${process.pid}`), join(folder, kept));
  } finally {
    rmSync(home, { recursive: true });
  }
}

function fetched({ package: name, version }: Source, home: string): string {
  const archive = execFileSync("npm", ["pack", "--silent", `${name}@${version}`], { cwd: home });
  execFileSync("tar", ["-xzf", archive.toString().trim()], { cwd: home });
  return join(home, "package");
}

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { PROJECT_ROOT } from "../../../lab/sandbox/host/layout.ts";
import type { Description, Operation } from "../../../tools/descriptions/description.ts";
import { localVersion } from "../../../tools/descriptions/localVersion.ts";

/** The services with a published description. */
export type DescribedService = "github" | "gitlab" | "vercel" | "cloudflare" | "supabase" | "supabaseAuth";

/** An operation with its name, and where its path leads. */
export interface DescribedOperation extends Operation {
  name: string;
  method: string;
  pattern: RegExp;
}

/** A service's description, ready to look up. */
export interface Contract {
  operations: readonly DescribedOperation[];
  schemas: Description["schemas"];
}

const read = new Map<DescribedService, Contract>();

/**
 * The description of a service. That of Supabase's Management API is cut out of an installed package at the first use and kept in `.build`:
 * the package's licence permits no copy in this repository.
 */
export function contractOf(
  service: DescribedService,
  exceptions: readonly { service: string; adds?: Description["operations"] }[] = [],
): Contract {
  const known = read.get(service);
  if (known !== undefined) return known;
  const kept = join(PROJECT_ROOT, "tests/fixtures/descriptions", `${service}.json`);
  const made = join(PROJECT_ROOT, ".build/descriptions", `${service}-${localVersion()}.json`);
  if (!existsSync(kept) && !existsSync(made))
    execFileSync(process.execPath, ["--no-warnings", join(PROJECT_ROOT, "tools/descriptions/main.ts"), service]);
  const { operations, schemas } = JSON.parse(readFileSync(existsSync(kept) ? kept : made, "utf8")) as Description;
  const added = exceptions.flatMap(({ service: other, adds }) => (other === service && adds ? [adds] : []));
  const contract: Contract = {
    schemas,
    operations: [operations, ...added]
      .flatMap((all) => Object.entries(all))
      .map(([name, operation]) => {
        const [method = "", path = ""] = name.split(" ");
        return { ...operation, name, method, pattern: patternOf(path) };
      })
      // A path with a fixed part comes before one with a parameter there.
      .sort((one, other) => one.name.split("{").length - other.name.split("{").length),
  };
  read.set(service, contract);
  return contract;
}

/** Only the names of git's references contain slashes. */
function patternOf(path: string): RegExp {
  const parts = path.split("/").map((part, at, all) => {
    if (/^(branches|commits|ref) /.test(`${all[at - 1] ?? ""} ${part}`)) return ".+";
    return /^\{.*\}$/.test(part) ? "[^/]+" : part.replaceAll(".", "\\.");
  });
  return new RegExp(`^${parts.join("/")}$`);
}

import { hash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { SUPABASE_OPERATIONS } from "./operations.ts";

/** Names the description that is cut here: a newer package, or other operations, are cut again. */
export function localVersion(): string {
  const text = readFileSync(
    join(import.meta.dirname, "../../node_modules/supabase-management-js/package.json"),
    "utf8",
  );
  const { version } = JSON.parse(text) as { version: string };
  return `${version}-${hash("sha256", SUPABASE_OPERATIONS.join("\n")).slice(0, 8)}`;
}

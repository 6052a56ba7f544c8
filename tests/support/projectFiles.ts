import { execaSync } from "execa";

import { PROJECT_ROOT } from "../../lab/sandbox/host/layout.ts";

/** The project's files of these patterns, also those that are not committed yet. */
export function projectFiles(...patterns: string[]): string[] {
  const command = ["ls-files", "--cached", "--others", "--exclude-standard", ...patterns];
  return execaSync("git", command, { cwd: PROJECT_ROOT }).stdout.split("\n");
}

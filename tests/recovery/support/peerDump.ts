import { execFileSync } from "node:child_process";

/**
 * A whole database as stock pg_dump writes it, with rows and large objects. The rows of each table are sorted, since they come back in
 * another order. `\restrict`, which has a random word, and the platform's dated migrations are left out.
 */
export function fullDumpOf(superuserUrl: string): string {
  const text = execFileSync(
    "pg_dump",
    [
      "--exclude-schema=castchat_recovery",
      "--exclude-table-data=storage.migrations",
      // Its rows name the server's own port.
      "--exclude-table-data=cron.job",
      // Encrypted with a key of the server's own.
      "--exclude-table-data=vault.secrets",
      `--dbname=${superuserUrl}`,
    ],
    { maxBuffer: 1e9, env: process.env },
  ).toString("latin1");
  const lines = text.split("\n").filter((line) => !/^\\(un)?restrict /.test(line));
  const normalised: string[] = [];
  for (let at = 0; at < lines.length; at += 1) {
    normalised.push(lines[at]!);
    if (!/^COPY .* FROM stdin;$/.test(lines[at]!)) continue;
    const end = lines.indexOf("\\.", at);
    normalised.push(...lines.slice(at + 1, end).sort());
    at = end - 1;
  }
  return Buffer.from(normalised.join("\n"), "latin1").toString("utf8");
}

/** Roles, their settings and memberships, as stock pg_dumpall writes them. */
export function rolesOf(superuserUrl: string): string {
  const args = ["--roles-only", "--no-role-passwords", `--dbname=${superuserUrl}`];
  const text = execFileSync("pg_dumpall", args, { env: process.env });
  return text.toString("utf8").replaceAll(/^\\(un)?restrict .*$/gm, "");
}

/** The first lines in which two texts differ. */
export function firstDifferences(found: string, expected: string): string[] {
  if (found === expected) return [];
  const [a, b] = [found.split("\n"), expected.split("\n")];
  const at = a.findIndex((line, index) => line !== b[index]);
  const cut = (lines: string[]) => lines.slice(Math.max(0, at - 3), at + 5).map((line) => line.slice(0, 200));
  return ["found:", ...cut(a), "expected:", ...cut(b)];
}

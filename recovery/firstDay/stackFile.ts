import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";

import { parse, stringify } from "yaml";
import { z } from "zod";

import { UserError } from "../../services/common/errors.ts";
import { visible } from "../../services/common/visibleText.ts";
import { ENDPOINT_KEYS, type Endpoints, withEndpoints } from "../../settings/endpoints.ts";
import type { StackSettings } from "./stackSettings.ts";

const content = z.looseObject({ config: z.record(z.string(), z.unknown()).nullish() });

/** A stack's file that is there. */
export interface PresentFile {
  readonly text: string;
  /** The settings, by full key. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Everything beside the settings, such as the stack's encrypted key. */
  readonly beside: Readonly<Record<string, unknown>>;
  /** The digest of everything in it but the comments. */
  readonly digest: string;
  /** Whether it is as it was shipped or as `init` wrote it. */
  readonly isUnchanged: boolean;
}

/** The end of a line of the head: the digest of the settings that were written with it. */
const MARK = /^#.*\(settings ([0-9a-f]{16})\)\.?$/m;
const DIGEST_LENGTH = 16;
/** A long value stays on its line. */
const WIDE = { lineWidth: 0 };

/**
 * The digest of a stack file's settings, whatever its comments and its form. A file that says the digest of its own settings has none that
 * a person has set.
 */
function digestOfSettings(text: string): string {
  const canonical = JSON.stringify(parse(text), (_key, value: unknown) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)))
      : value,
  );
  return createHash("sha256").update(canonical).digest("hex").slice(0, DIGEST_LENGTH);
}

/** The digest that a stack file says of itself; undefined if it says none. */
function digestIn(text: string): string | undefined {
  return MARK.exec(text)?.[1];
}

/** Reads a stack's file; undefined if there is none. UserError if it is not one. */
export async function readStackFile(file: string): Promise<PresentFile | undefined> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  const parsed = content.safeParse(valueOf(text) ?? {});
  if (!parsed.success) throw new UserError(`${file} is not a stack's file: correct it, or move it away.`);
  const { config, ...beside } = parsed.data;
  const digest = digestOfSettings(text);
  return { text, config: config ?? {}, beside, digest, isUnchanged: digestIn(text) === digest };
}

function valueOf(text: string): unknown {
  try {
    return parse(text);
  } catch {
    // The schema refuses a text.
    return text;
  }
}

/** The text of a stack's file. `kept` are settings by full key, and `beside` what else the file before had. */
export function stackFileText(
  { title, groups }: StackSettings,
  project: string,
  kept: Readonly<Record<string, unknown>>,
  beside: Readonly<Record<string, unknown>>,
): string {
  const head = [
    ...title,
    "Pulumi.yaml describes each setting. Credentials are environment variables, never settings (docs/accounts.md).",
  ];
  const lines = groups.flatMap((group, index) => [
    ...(index === 0 ? [] : [""]),
    ...group.flatMap(({ comment = [], key, value }) => [
      ...comment.map((line) => `  # ${visible(line)}`),
      ...(key === undefined ? [] : indented(stringify({ [`${project}:${key}`]: value }, WIDE))),
    ]),
  ]);
  const others =
    Object.keys(kept).length === 0 ? [] : ["", "  # Kept from the file before.", ...indented(stringify(kept, WIDE))];
  const body = [
    ...(Object.keys(beside).length === 0 ? [] : [stringify(beside, WIDE).trimEnd()]),
    "config:",
    ...lines,
    ...others,
    "",
  ].join("\n");
  const mark = `\`castchat-recovery init\` replaces this file without asking while its settings stay as written (settings ${digestOfSettings(body)}).`;
  return `${[...head, mark].map((line) => `# ${visible(line)}`).join("\n")}\n${body}`;
}

function indented(text: string): string[] {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => (line === "" ? line : `  ${line}`));
}

/** The addresses in place of the public services' that a project's stack files name; the first file's go first. UserError for a wrong one. */
export function endpointsIn(files: readonly (PresentFile | undefined)[], project: string): Endpoints {
  const keys = Object.keys(ENDPOINT_KEYS);
  const values = keys.map(
    (key) => [key, files.map((file) => file?.config[`${project}:${key}`]).find(Boolean)] as const,
  );
  const parsed = z.object(ENDPOINT_KEYS).safeParse(Object.fromEntries(values));
  if (parsed.success) return withEndpoints(parsed.data).endpoints;
  throw new UserError(
    parsed.error.issues.map(({ path, message }) => `${project}:${path.join(".")} ${message}`).join("\n"),
  );
}

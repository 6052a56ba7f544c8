import { z } from "zod";

/** Wrong use or set-up: the command line prints only the message and exits with 2. */
export class UserError extends Error {
  override readonly name = "UserError";
}

/** A promise that is not kept (data differs, an objective is missed): only the message is printed, exit 1. */
export class PromiseError extends Error {
  override readonly name = "PromiseError";
}

/** Replaces a secret in every message. */
export const REDACTED = "[secret]";

const SECRET_PATTERNS: readonly [RegExp, string][] = [
  // Passwords in connection strings and remotes, with any characters. A number after a host is a port.
  [/([a-z][a-z0-9+.-]*:\/\/[^\s:/@]*):(?!\d+\/)[^\s"'<>]+@/gi, `$1:${REDACTED}@`],
  [/\b(Bearer|Basic|token)\s+[A-Za-z0-9._~+/=-]{8,}/gi, `$1 ${REDACTED}`],
  // This key opens every backup that is sealed to it.
  [/AGE-SECRET-KEY-[A-Z0-9-]{4,}/gi, REDACTED],
  [/\b(password|passphrase|secret|PGPASSWORD)=\S+/gi, `$1=${REDACTED}`],
  // As SQL writes them: OPTIONS of a user mapping, PASSWORD of a role.
  [/\b(password|passphrase|secret)\s+'(?:[^']|'')*'/gi, `$1 '${REDACTED}'`],
  // Tokens by their form, anywhere in the text: Supabase's, GitHub's, GitLab's, webhook secrets, and JSON web tokens.
  [
    /\b(sbp_[a-z0-9_]{20,}|gh[a-z]_[A-Za-z0-9]{30,}|github_pat_\w{30,}|glpat-[\w-]{16,}|whsec_[A-Za-z0-9+/=_-]{8,})/g,
    REDACTED,
  ],
  [/\beyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,}/g, REDACTED],
];

/** Takes passwords, tokens and authorization headers out of a text, so that it may be shown or logged. */
export function redact(text: string): string {
  return SECRET_PATTERNS.reduce((shown, [pattern, replacement]) => shown.replace(pattern, replacement), text);
}

/** The commands that set a variable, or a secret setting, to a secret, which stays out of the screen and of the shell's history. */
export function typeSecret(variable: string): string {
  if (!/^[A-Z_0-9]+$/.test(variable))
    return `Type: pulumi config set --secret ${variable} -s STACK, with the stack's name for STACK (then paste it)`;
  return `Type: read -rs ${variable} && export ${variable} (then paste it)`;
}

/** The message of anything that was thrown, without secrets. */
export function messageOf(thrown: unknown): string {
  if (thrown instanceof z.ZodError) return redact(z.prettifyError(thrown).replaceAll("\n", " "));
  return redact(thrown instanceof Error ? thrown.message : String(thrown));
}

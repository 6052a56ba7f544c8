/** The categories of checks, in the order in which they are shown. */
export const CATEGORIES = ["Local", "Tokens", "AWS", "Supabase", "Vercel", "DNS", "GitHub", "GitLab", "App"] as const;
export type Category = (typeof CATEGORIES)[number];

/**
 * How a check ended:
 * - "ok": what it looks at is as a recovery needs it;
 * - "warning": a recovery works, but something about it will be worse, or will fail later;
 * - "failed": a backup, a drill or a recovery fails, or loses something;
 * - "unknown": it could not look, which is never ok;
 * - "skipped": the stack has no need for it.
 */
export const STATES = ["ok", "warning", "failed", "unknown", "skipped"] as const;
export type State = (typeof STATES)[number];

/** What a check found. */
export interface Outcome {
  readonly state: State;
  /** What is so and what that means, as a sentence. */
  readonly says: string;
  /** The command to type, or the right to give. */
  readonly fix?: string | undefined;
}

/** A check: it only reads. Its result may have several lines, such as one for each app. */
export interface Check<S> {
  /** Category and subject, "aws.dead-letters". It stays the same for ever. */
  readonly id: string;
  readonly category: Category;
  /** What it looks at, in a few words. */
  readonly about: string;
  /** Where the documents say more, as file and heading. */
  readonly docs: string;
  /** The variable with the token that it can't look without. */
  readonly token?: string | undefined;
  /**
   * Looks. An error that it throws is a result of its own: "unknown", with the error's message.
   */
  readonly run: (subject: S) => Promise<Outcome | readonly Outcome[]>;
}

/** One line of the result. */
export interface Finding extends Outcome {
  readonly id: string;
  readonly category: Category;
  readonly about: string;
  readonly docs: string;
}

/** All is as a recovery needs it. */
export const ok = (says: string): Outcome => ({ state: "ok", says });
/** A recovery works, but is worse for it. */
export const warning = (says: string, fix?: string): Outcome => ({ state: "warning", says, fix });
/** A backup, a drill or a recovery fails. */
export const failed = (says: string, fix: string): Outcome => ({ state: "failed", says, fix });
/** The check could not look. */
export const unknown = (says: string, fix?: string): Outcome => ({ state: "unknown", says, fix });
/** The stack has no need for the check; `reason` is a sentence. */
export const skipped = (reason: string): Outcome => ({ state: "skipped", says: reason });

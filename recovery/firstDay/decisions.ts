import { nearest } from "../../planning/nearest.ts";

/** One of the answers that a question takes. */
export interface Choice {
  readonly value: string;
  /** What a person reads beside the value. */
  readonly label: string;
}

/** A question, and how it is answered without a person. */
export interface Question {
  /** Ends with a question mark. */
  readonly what: string;
  /** The option that answers it. */
  readonly option: string;
  /** The answers, if they are known. */
  readonly choices?: readonly Choice[];
  /** The reason why there are no choices. */
  readonly none?: string;
  /** The likely answer. */
  readonly preset?: string | undefined;
  /** Whether the likely answer holds without a person. */
  readonly isCertain?: boolean;
  /** The reason for refusing an answer, as the end of a sentence; undefined for a good one. */
  readonly check?: (answer: string) => string | undefined;
}

/** Asks a person. The empty answer stands for the preset. `refused` is the reason why the last answer was not taken. */
export type Ask = (question: Question, refused: string | undefined) => Promise<string>;

/**
 * Takes decisions from options, from a person, or by presets that are certain. Whatever is missing or wrong without a person is
 * collected, so that it is reported together.
 */
export class Decisions {
  readonly faults: string[] = [];
  readonly #ask: Ask | undefined;

  /** @param ask @default - there is no person */
  constructor(ask?: Ask) {
    this.#ask = ask;
  }

  /** One answer. Undefined after a fault. */
  async one(question: Question, given?: string): Promise<string | undefined> {
    return (await this.#decide(question, given === undefined ? undefined : [given], (text) => [text]))?.[0];
  }

  /** One answer or several, which a person parts by commas. Undefined after a fault. */
  async several(question: Question, given: readonly string[]): Promise<readonly string[] | undefined> {
    const parts = (text: string) => text.split(/[\s,]+/).filter((part) => part !== "");
    return await this.#decide(question, given.length === 0 ? undefined : given, parts);
  }

  async #decide(
    question: Question,
    given: readonly string[] | undefined,
    parted: (text: string) => string[],
  ): Promise<readonly string[] | undefined> {
    const { what, option, choices, none = "nothing that fits was found.", preset, isCertain = false } = question;
    if (choices?.length === 0) {
      this.faults.push(`${what} ${none}`);
      return undefined;
    }
    if (given !== undefined) {
      const refused = refusalOf(question, given);
      if (refused === undefined) return given;
      this.faults.push(`${option} ${refused}`);
      return undefined;
    }
    if (this.#ask !== undefined) {
      for (let refused: string | undefined; ;) {
        const text = (await this.#ask(question, refused)).trim();
        const answer = text === "" && preset === undefined ? [] : parted(text === "" ? (preset ?? "") : text);
        refused = answer.length === 0 ? "needs an answer." : refusalOf(question, answer);
        if (refused === undefined) return answer;
      }
    }
    if (preset !== undefined && isCertain) return parted(preset);
    this.faults.push(missing(question));
    return undefined;
  }
}

/** Why answers are not taken; undefined if each is. */
function refusalOf({ choices, check }: Question, answers: readonly string[]): string | undefined {
  for (const answer of answers) {
    const values = choices?.map(({ value }) => value);
    if (values !== undefined && !values.includes(answer)) {
      const meant = nearest(answer, values);
      const hint = meant === undefined ? `choose ${values.join(" or ")}` : `did you mean ${meant}?`;
      return `${JSON.stringify(answer)} is not there; ${hint}${hint.endsWith("?") ? "" : "."}`;
    }
    const why = check?.(answer);
    if (why !== undefined) return `${JSON.stringify(answer)} ${why}`;
  }
  return undefined;
}

function missing({ what, option, choices }: Question): string {
  if (choices === undefined) return `${what} Add ${option}.`;
  const lines = choices.map(({ value, label }) => `\n      ${value}  ${label}`);
  return `${what} Add ${option} with one of these:${lines.join("")}`;
}

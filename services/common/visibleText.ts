/** Characters that move a terminal's cursor, colour it or turn the direction of writing, and separators that break a line. */
const INVISIBLE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/**
 * A text from a database or a service on one line of a terminal: control characters are written as `\u001b`, so that none of them can
 * erase, colour or forge what stands around it.
 */
export function visible(text: string): string {
  return text.replace(INVISIBLE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** The same for a text of several lines, each of which ends where its author ended it. JSON stays the same value. */
export function visibleText(text: string): string {
  return text.split("\n").map(visible).join("\n");
}

import { type MadeBy, madeByRows } from "../../planning/madeBy.ts";
import { STYLE } from "./style.ts";

/** One page. Texts are escaped here; a section's content is HTML. */
export interface Page {
  /** What kind of page it is, and of when; above the headline. */
  readonly about: string;
  /** The verdict. */
  readonly headline: string;
  readonly ok: boolean;
  readonly summary: string;
  readonly sections: readonly (readonly [heading: string, content: string])[];
  readonly madeBy: MadeBy;
}

/** A page as one HTML file that needs no network, is legible on a phone, on a dark screen and on paper, and says what has made it. */
export function page({ about, headline, ok, summary, sections, madeBy }: Page): string {
  const all = [...sections, ["Made by", table([], madeByRows(madeBy))] as const];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(headline)}</title><style>${STYLE}</style></head>
<body><main>
<header${ok ? ' class="ok"' : ""}><p>${escaped(about)}</p><h1>${escaped(headline)}</h1><p>${escaped(summary)}</p></header>
${all.map(([heading, content]) => `<section><h2>${escaped(heading)}</h2>${content}</section>`).join("\n")}
</main></body></html>
`;
}

/** A cell: a text, a number or a duration that is not broken into lines, or a mark. */
export type Cell = string | { readonly number: string } | { readonly passed: boolean };

/** A table. On a narrow screen each cell says its column; a column without a name says nothing. */
export function table(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  if (rows.length === 0) return note("Nothing.");
  const heading =
    head.length === 0 ? "" : `<thead><tr>${head.map((one) => `<th>${escaped(one)}</th>`).join("")}</tr></thead>`;
  const cells = (row: readonly Cell[]) => row.map((cell, column) => cellOf(cell, head[column] ?? "")).join("");
  return `<table>${heading}<tbody>\n${rows.map((row) => `<tr>${cells(row)}</tr>`).join("\n")}\n</tbody></table>`;
}

function cellOf(cell: Cell, column: string): string {
  const label = column === "" ? "" : ` data-label="${escaped(column)}"`;
  if (typeof cell === "string") return `<td${label}>${escaped(cell)}</td>`;
  if ("number" in cell) return `<td class="number"${label}>${escaped(cell.number)}</td>`;
  return `<td>${cell.passed ? '<span class="good">✓ kept</span>' : '<span class="wrong">✗ NOT kept</span>'}</td>`;
}

/** A sentence. */
export function note(text: string): string {
  return `<p>${escaped(text)}</p>`;
}

/** A list of texts. */
export function list(items: readonly string[]): string {
  return `<ul>${items.map((item) => `<li>${escaped(item)}</li>`).join("")}</ul>`;
}

/** Horizontal bars, the longest across the whole width. */
export function bars(entries: readonly { name: string; value: number; shown: string }[]): string {
  const longest = Math.max(1, ...entries.map(({ value }) => value));
  return entries
    .map(({ name, value, shown }) => {
      const width = ((100 * value) / longest).toFixed(1);
      return `<div class="bar"><span>${escaped(name)}</span><i style="width:${width}%"></i><span>${escaped(shown)}</span></div>`;
    })
    .join("\n");
}

/** Escapes a text for HTML and SVG. */
export function escaped(value: string): string {
  return value.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");
}

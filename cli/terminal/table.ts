import Table from "cli-table3";

/** A cell: a text, or one that spans several columns. */
type Cell = string | number | { colSpan: number; content: string };

/** The columns that a value keeps beside its name, however narrow the terminal is. */
const LEAST_ROOM = 12;

/**
 * A table without colours and rules, which also reads well in a file. On a terminal that is too narrow for it, each row is a block of lines
 * instead, with a column's name before each value.
 */
class PlainTable {
  readonly #head: readonly string[];
  readonly #rows: Cell[][] = [];
  readonly #more: Table.TableConstructorOptions;

  constructor(head: readonly string[], more: Table.TableConstructorOptions) {
    this.#head = head;
    this.#more = more;
  }

  push(row: Cell[]): void {
    this.#rows.push(row);
  }

  /** @param width columns of the terminal; without a terminal there is no limit */
  toString(width = process.stdout.columns as number | undefined): string {
    const table = new Table({ head: [...this.#head], style: { head: [], border: [], compact: true }, ...this.#more });
    table.push(...this.#rows);
    const drawn = table.toString();
    return width !== undefined && drawn.indexOf("\n") > width ? this.#blocks(width) : drawn;
  }

  #blocks(width: number): string {
    const [, ...names] = this.#head;
    const nameWidth = Math.max(...names.map((name) => name.length));
    const indent = nameWidth + 4;
    const room = Math.max(width - indent, LEAST_ROOM);
    const blocks = this.#rows.map(([first = "", ...cells]) => [
      textOf(first),
      ...cells.map((cell, index) => {
        const [begin = "", ...rest] = wrapped(textOf(cell), room);
        const name = (names[index] ?? "").padEnd(nameWidth);
        return [`  ${name}  ${begin}`, ...rest.map((line) => " ".repeat(indent) + line)].join("\n");
      }),
    ]);
    return blocks.map((lines) => lines.join("\n")).join("\n");
  }
}

/** An empty table with these column names. */
export function plainTable(head: readonly string[], more: Table.TableConstructorOptions = {}): PlainTable {
  return new PlainTable(head, more);
}

function textOf(cell: Cell): string {
  return typeof cell === "object" ? cell.content : String(cell);
}

/** Lines of at most so many characters. A longer word stays whole, so that an id can be copied. */
function wrapped(text: string, room: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= room) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** A number with its noun: "1 right", "2 rights". */
export function amount(count: number | bigint, one: string, more = `${one}s`): string {
  return `${count} ${BigInt(count) === 1n ? one : more}`;
}

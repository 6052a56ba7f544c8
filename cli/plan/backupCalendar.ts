import type { Life } from "../../planning/retention/life.ts";
import type { VaultHistory } from "../../planning/retention/simulation.ts";
import { dateOf, DAY_MS, dayOf } from "../../planning/retention/time.ts";

const CELL = 7;
const LEFT = 60;
const ROW = CELL + 2;

/**
 * A square for each day whose backup still exists, with a row for each month and the newest month at the top. Its colour is the day's
 * longest tier. A pale backup is under a delete marker and soon removed.
 */
export function backupCalendar({ lives }: VaultHistory, onDay: number, colours: readonly string[]): string {
  const instant = (onDay + 1) * DAY_MS - 1;
  const byDay = new Map<number, Life>();
  for (const life of lives) {
    if (life.arrivedAt > instant || life.removedAt <= instant) continue;
    const taken = dayOf(life.takenAt);
    if (life.tier >= (byDay.get(taken)?.tier ?? -1)) byDay.set(taken, life);
  }
  const months = [...new Set([...byDay.keys()].map((day) => dateOf(day).slice(0, 7)))].sort().reverse();
  const squares = [...byDay].map(([day, life]) => {
    const date = dateOf(day);
    const x = LEFT + (Number(date.slice(8)) - 1) * ROW * 2;
    const y = months.indexOf(date.slice(0, 7)) * ROW * 1.6;
    const pale = life.hiddenAt <= instant ? ' opacity="0.35"' : "";
    return `<rect x="${x}" y="${y.toFixed(1)}" width="${ROW * 2 - 3}" height="${CELL + 3}" rx="2" fill="${colours[life.tier % colours.length] ?? "#000"}"${pale}><title>${date}</title></rect>`;
  });
  const names = months.map(
    (month, index) => `<text x="0" y="${(index * ROW * 1.6 + CELL + 2).toFixed(1)}">${month}</text>`,
  );
  const width = LEFT + 31 * ROW * 2;
  const height = Math.ceil(months.length * ROW * 1.6) + 4;
  return `<svg viewBox="0 0 ${width} ${height}" font-size="10" role="img" style="max-width:760px">${names.join("")}${squares.join("")}</svg>`;
}

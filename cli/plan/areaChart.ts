import { escaped } from "../html/page.ts";

/** A layer of a stacked chart. All layers have the same number of values. */
export interface Layer {
  readonly name: string;
  readonly colour: string;
  readonly values: readonly number[];
}

const WIDTH = 1040;
const HEIGHT = 280;
const LEFT = 70;
const BOTTOM = 28;
const TOP = 12;
/** More points would not be visible. */
const MOST_POINTS = 520;

/** Stacked layers as inline SVG. `ticks` labels the axis, by the index of a value. */
export function stackedAreas(
  layers: readonly Layer[],
  ticks: readonly { at: number; name: string }[],
  unit: string,
): string {
  const count = Math.max(0, ...layers.map(({ values }) => values.length));
  if (count === 0) return "<p>Nothing.</p>";
  const step = Math.max(1, Math.floor(count / MOST_POINTS));
  const places = Array.from({ length: Math.ceil(count / step) }, (_, index) => index * step);
  const sums = places.map((at) => layers.reduce((sum, { values }) => sum + (values[at] ?? 0), 0));
  const top = niceTop(Math.max(...sums));
  const across = (at: number) => (LEFT + ((WIDTH - LEFT) * at) / Math.max(1, count - 1)).toFixed(1);
  const up = (value: number) => (TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / top)).toFixed(1);

  const below = places.map(() => 0);
  const areas = layers.map(({ name, colour, values }) => {
    const lower = places.map((at, index) => `${across(at)},${up(below[index] ?? 0)}`).reverse();
    const upper = places.map((at, index) => {
      below[index] = (below[index] ?? 0) + (values[at] ?? 0);
      return `${across(at)},${up(below[index] ?? 0)}`;
    });
    return `<polygon points="${[...upper, ...lower].join(" ")}" fill="${colour}"><title>${escaped(name)}</title></polygon>`;
  });
  const lines = [0.25, 0.5, 0.75, 1].map((part) => {
    const y = up(top * part);
    return `<path d="M${LEFT} ${y}H${WIDTH}" stroke="currentColor" opacity="0.2"/><text x="${LEFT - 6}" y="${y}" text-anchor="end" dominant-baseline="middle">${(top * part).toLocaleString("en")} ${escaped(unit)}</text>`;
  });
  const marks = ticks.map(
    ({ at, name }) =>
      `<path d="M${across(at)} ${HEIGHT - BOTTOM}v6" stroke="currentColor"/><text x="${across(at)}" y="${HEIGHT - 6}" text-anchor="middle">${escaped(name)}</text>`,
  );
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" font-size="12" role="img">${lines.join("")}${areas.join("")}<path d="M${LEFT} ${TOP}V${HEIGHT - BOTTOM}H${WIDTH}" fill="none" stroke="currentColor"/>${marks.join("")}</svg>`;
}

/** The next 1, 2 or 5 times a power of ten. */
function niceTop(value: number): number {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return power * ([1, 2, 5].find((times) => times * power >= value) ?? 10);
}

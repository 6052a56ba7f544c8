/** A line of a plot. */
export interface Line {
  readonly name: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

const WIDTH = 720;
const HEIGHT = 400;
const MARGIN = 60;
const COLOURS = ["#3b6fb6", "#c96f2b", "#12683f"];

/** A line plot as an SVG document. Both axes begin at 0. */
export function linePlot(title: string, xName: string, yName: string, lines: readonly Line[]): string {
  const points = lines.flatMap((line) => line.points);
  const right = Math.max(1, ...points.map(({ x }) => x));
  const top = Math.max(1, ...points.map(({ y }) => y));
  const across = (x: number) => (MARGIN + ((WIDTH - 2 * MARGIN) * x) / right).toFixed(1);
  const up = (y: number) => (HEIGHT - MARGIN - ((HEIGHT - 2 * MARGIN) * y) / top).toFixed(1);
  const drawn = lines.map(({ name, points: own }, index) => {
    const colour = COLOURS[index % COLOURS.length] ?? "#000";
    const sorted = [...own].sort((one, other) => one.x - other.x);
    const path = sorted.map(({ x, y }) => `${across(x)},${up(y)}`).join(" ");
    const dots = sorted.map(({ x, y }) => `<circle cx="${across(x)}" cy="${up(y)}" r="3" fill="${colour}"/>`).join("");
    return `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>${dots}<text x="${MARGIN + 12}" y="${MARGIN + 18 * index}" fill="${colour}">${name}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="system-ui,sans-serif" font-size="13">
<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/><text x="${WIDTH / 2}" y="24" text-anchor="middle" font-size="16">${title}</text>
<path d="M${MARGIN} ${MARGIN / 2}V${HEIGHT - MARGIN}H${WIDTH - MARGIN}" fill="none" stroke="#555"/>
<text x="${WIDTH / 2}" y="${HEIGHT - 16}" text-anchor="middle">${xName}, up to ${right.toLocaleString("en")}</text>
<text x="16" y="${HEIGHT / 2}" transform="rotate(-90 16 ${HEIGHT / 2})" text-anchor="middle">${yName}, up to ${top.toLocaleString("en")}</text>
${drawn.join("\n")}
</svg>
`;
}

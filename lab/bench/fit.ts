/** A measurement: a size, and the time that it took. */
export interface Point {
  megabytes: number;
  seconds: number;
}

/** A line through measurements: the cost of every run, and the cost of each further megabyte. */
export interface Line {
  fixedSeconds: number;
  secondsPerMegabyte: number;
}

/** The line of least squares; undefined if all points have one size or the time doesn't grow. */
export function fitLine(points: readonly Point[]): Line | undefined {
  const count = points.length;
  const meanSize = points.reduce((sum, { megabytes }) => sum + megabytes, 0) / count;
  const meanSeconds = points.reduce((sum, { seconds }) => sum + seconds, 0) / count;
  const spread = points.reduce((sum, { megabytes }) => sum + (megabytes - meanSize) ** 2, 0);
  if (count < 2 || spread === 0) return undefined;
  const secondsPerMegabyte =
    points.reduce((sum, { megabytes, seconds }) => sum + (megabytes - meanSize) * (seconds - meanSeconds), 0) / spread;
  if (secondsPerMegabyte <= 0) return undefined;
  return { fixedSeconds: meanSeconds - secondsPerMegabyte * meanSize, secondsPerMegabyte };
}

/** The largest size, in megabytes, that fits into so many seconds by the line; 0 if the fixed part takes longer. */
export function largestWithin(line: Line, seconds: number): number {
  // A line that begins below zero promises no spare time.
  return Math.max(0, (seconds - Math.max(0, line.fixedSeconds)) / line.secondsPerMegabyte);
}

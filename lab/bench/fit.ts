/** A measurement: how long a size took. */
export interface Point {
  megabytes: number;
  seconds: number;
}

/** A line through measurements: what every run costs, and what each further megabyte costs. */
export interface Line {
  fixedSeconds: number;
  secondsPerMegabyte: number;
}

/** The line of least squares; undefined where the points are of fewer than two sizes or don't grow. */
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

/** The largest size that the line brings within so many seconds, in megabytes; 0 where the fixed part alone takes longer. */
export function largestWithin(line: Line, seconds: number): number {
  // A line that would begin below zero is no promise of time to spare.
  return Math.max(0, (seconds - Math.max(0, line.fixedSeconds)) / line.secondsPerMegabyte);
}

/** One metric of a {@link metricLine}. */
export interface EmbeddedMetric {
  readonly name: string;
  readonly unit: "Seconds" | "Count";
  readonly value: number;
}

/** The namespace of the project's metrics in CloudWatch. */
const NAMESPACE = "CastChat/Recovery";

/**
 * A line of a log that CloudWatch Logs also takes as metrics (embedded metric format): no API call and no right beside those of the log. Each set of
 * dimensions' values is a metric of its own, which is billed. Sources:
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html and
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format.html
 */
export function metricLine(
  time: Date,
  dimensions: Readonly<Record<string, string>>,
  metrics: readonly EmbeddedMetric[],
): string {
  return JSON.stringify({
    _aws: {
      Timestamp: time.getTime(),
      CloudWatchMetrics: [
        {
          Namespace: NAMESPACE,
          Dimensions: [Object.keys(dimensions)],
          Metrics: metrics.map(({ name: Name, unit: Unit }) => ({ Name, Unit })),
        },
      ],
    },
    ...dimensions,
    ...Object.fromEntries(metrics.map(({ name, value }) => [name, value])),
  });
}

import type { S3Client } from "@aws-sdk/client-s3";

/**
 * Notes the time that each answer of S3 names in its header Date (RFC 9110, section 6.6.1), whose resolution is a second. Returns what reads
 * it, counted from the newest answer by the time since. Undefined before the first.
 */
export function noteStoreTime(client: S3Client): () => Date | undefined {
  let newest: { at: number; heardAt: number } | undefined;
  client.middlewareStack.add(
    (next) => async (args) => {
      const answer = await next(args);
      const { headers = {} } = answer.response as { headers?: Record<string, string | undefined> };
      const at = Date.parse(headers["date"] ?? "");
      if (!Number.isNaN(at)) newest = { at, heardAt: performance.now() };
      return answer;
    },
    { step: "deserialize", priority: "low", name: "storeTime" },
  );
  return () => newest && new Date(newest.at + performance.now() - newest.heardAt);
}

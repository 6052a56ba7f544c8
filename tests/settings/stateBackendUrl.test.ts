import { describe, expect, it } from "@jest/globals";

import { stateBucketOf } from "../../settings/stateBackendUrl.ts";

describe("stateBucketOf", () => {
  it.each([
    ["s3://bucket", { bucket: "bucket", prefix: "" }],
    ["s3://bucket/", { bucket: "bucket", prefix: "" }],
    ["s3://bucket?region=ap-northeast-3", { bucket: "bucket", prefix: "", region: "ap-northeast-3" }],
    ["s3://bucket/a/b/?awssdk=v2", { bucket: "bucket", prefix: "a/b/" }],
    ["s3://b?endpoint=s3.example.com", { bucket: "b", prefix: "", endpoint: "https://s3.example.com" }],
    ["s3://b?endpoint=127.0.0.1:9&disableSSL=true", { bucket: "b", prefix: "", endpoint: "http://127.0.0.1:9" }],
    ["s3://b?endpoint=http://127.0.0.1:9", { bucket: "b", prefix: "", endpoint: "http://127.0.0.1:9" }],
  ])("reads %s", (url, expected) => expect(stateBucketOf(url)).toEqual(expected));

  it.each(["file:///tmp/state", "https://api.pulumi.com", "gs://bucket", "s3:", "s3://", ""])("%s is none", (url) =>
    expect(stateBucketOf(url)).toBeUndefined(),
  );
});

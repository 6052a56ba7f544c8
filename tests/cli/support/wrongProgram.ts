import * as pulumi from "@pulumi/pulumi";

/**
 * The shipped program with its lifecycle rules changed behind its back: `CASTCHAT_TEST_WRONG_RULES` maps a rule's id to what is
 * put into it. A tier table can't see that; a plan must.
 */
const changes = JSON.parse(process.env["CASTCHAT_TEST_WRONG_RULES"] ?? "{}") as Record<string, object>;

pulumi.runtime.registerStackTransformation(({ type, props, opts }) => {
  if (type !== "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration") return undefined;
  const { rules = [] } = props as { rules?: { id: string }[] };
  return { props: { ...(props as object), rules: rules.map((rule) => ({ ...rule, ...changes[rule.id] })) }, opts };
});

export { default } from "../../../index.ts";

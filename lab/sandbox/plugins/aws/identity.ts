import { z } from "zod";

import { type Properties, providerFunction } from "../../../../provider/host/index.ts";
import type { AwsContext } from "./context.ts";

const of = (answer: (context: AwsContext) => Properties) =>
  providerFunction<AwsContext, object>({
    inputs: z.strictObject({}),
    invoke: (context) => Promise.resolve(answer(context)),
  });

/** aws:index/getCallerIdentity:getCallerIdentity */
export const getCallerIdentity = of(({ accountId, callerArn, userId }) => ({
  accountId,
  arn: callerArn,
  userId,
  id: accountId,
}));

/** aws:index/getRegion:getRegion */
export const getRegion = of(({ region }) => ({
  region,
  name: region,
  id: region,
  description: region,
  endpoint: `ec2.${region}.amazonaws.com`,
}));

/** aws:index/getPartition:getPartition */
export const getPartition = of(() => ({
  partition: "aws",
  id: "aws",
  dnsSuffix: "amazonaws.com",
  reverseDnsPrefix: "com.amazonaws",
}));

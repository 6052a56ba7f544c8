import type * as sdk from "@aws-sdk/client-scheduler";
import { z } from "zod";

import { fromSdk, toSdk } from "./casing.ts";
import type { AwsContext } from "./context.ts";
import { orGone } from "./explain.ts";
import { awsRow } from "./row.ts";

const inputs = z.strictObject({
  name: z.string().regex(/^[\w.-]{1,64}$/, "A schedule's name has at most 64 letters, digits and ._-"),
  description: z.string().optional(),
  scheduleExpression: z
    .string()
    .regex(
      /^(rate\((1 (minute|hour|day)|([2-9]|[1-9]\d+) (minutes|hours|days))\)|cron\(.+\))$/,
      "A schedule's expression is rate(N hours), in the singular for 1, or cron(…).",
    ),
  flexibleTimeWindow: z.strictObject({ mode: z.literal("OFF") }),
  state: z.enum(["ENABLED", "DISABLED"]).optional(),
  target: z.strictObject({
    arn: z.string().min(20),
    roleArn: z.string().min(20),
    retryPolicy: z
      .strictObject({
        maximumEventAgeInSeconds: z.number().int().min(60).max(86_400).optional(),
        maximumRetryAttempts: z.number().int().min(0).max(185).optional(),
      })
      .optional(),
    deadLetterConfig: z.strictObject({ arn: z.string().min(20) }).optional(),
  }),
});
type Inputs = z.infer<typeof inputs>;
interface Outputs {
  arn: string;
  groupName: string;
  region: string;
}

/** aws:scheduler/schedule:Schedule in the default group; its id is `default/NAME`. */
export const schedule = awsRow<Inputs, Outputs>("EventBridge Scheduler Schedule", {
  inputs,
  autoName: { property: "name" },
  replaceOn: ["name"],
  async create(context, given) {
    const { ScheduleArn = "" } = await context.scheduler.createSchedule(wanted(given));
    return { id: `default/${given.name}`, outputs: outputsOf(context, ScheduleArn) };
  },
  async read(context, id, last) {
    const answer = await orGone(context.scheduler.getSchedule({ Name: nameIn(id) }));
    if (answer === undefined) return undefined;
    const found = fromSdk(answer) as Inputs & { arn: string };
    const { name, description, scheduleExpression, flexibleTimeWindow, state, target } = found;
    const before = last?.inputs;
    const actual: Inputs = {
      name,
      ...((description !== "" || before?.description !== undefined) && { description }),
      scheduleExpression,
      flexibleTimeWindow,
      ...((state !== "ENABLED" || before?.state !== undefined) && { state }),
      target,
    };
    return { id, inputs: actual, outputs: outputsOf(context, found.arn) };
  },
  async update(context, _id, { outputs }, news) {
    await context.scheduler.updateSchedule(wanted(news));
    return outputsOf(context, outputs.arn);
  },
  async delete({ scheduler }, id) {
    await orGone(scheduler.deleteSchedule({ Name: nameIn(id) }));
  },
});

function wanted(given: Inputs): sdk.CreateScheduleCommandInput {
  return toSdk(given) as sdk.CreateScheduleCommandInput;
}

function nameIn(id: string): string {
  return id.slice("default/".length);
}

function outputsOf({ region }: AwsContext, arn: string): Outputs {
  return { arn, groupName: "default", region };
}

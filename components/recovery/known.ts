import * as pulumi from "@pulumi/pulumi";

/**
 * Waits for an output of provider `recovery` that decides what the program declares. Declaring resources inside an output would hide them from
 * the preview.
 *
 * @param what the output in words, for the message
 * @throws {pulumi.RunError} if the engine does not know it, as with a provider whose settings are unknown
 */
export async function known<T>(output: pulumi.Output<T>, what: string): Promise<T> {
  // Not in the SDK's types. Without it the program would wait for ever for an unknown output.
  const { isKnown } = output as unknown as { isKnown: Promise<boolean> };
  if (!(await isKnown))
    throw new pulumi.RunError(`Provider recovery did not report ${what}. All of its settings must be known values.`);
  return await new Promise((resolve) => {
    output.apply(resolve);
  });
}

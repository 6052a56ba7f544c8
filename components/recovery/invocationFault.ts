/** The reason why a function of the provider failed, without the words that Pulumi's runtime puts before it. */
export function invocationFault(error: unknown): string {
  return (error as Error).message.replace(/^invocation of \S+ returned an error: /, "");
}

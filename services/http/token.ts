/** What to do about a service's token that is not in the environment. */
export function withoutToken(variable: string): string {
  return `${variable} is not set: set it to a token with the rights that docs/accounts.md lists.`;
}

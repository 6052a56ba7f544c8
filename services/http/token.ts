/** Why a service can't be asked where its token is not in the environment, and what to do, as a clause. */
export function withoutToken(name: string): string {
  return `${name} is not set: set it to a token that may read this`;
}

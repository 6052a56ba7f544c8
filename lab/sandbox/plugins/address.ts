import { UserError } from "../../../services/common/errors.ts";

/**
 * The address of a local service. The sandbox's plugins never call a real cloud, so any other host is refused.
 *
 * @param setting what to set, for the message.
 */
export function localAddress(address: string | undefined, setting: string): string {
  if (address === undefined) {
    throw new UserError(
      `Set ${setting}: the sandbox's plugins only speak to a local address, never to the real service.`,
    );
  }
  const host = URL.canParse(address) ? new URL(address).hostname : undefined;
  if (host !== "127.0.0.1" && host !== "localhost") {
    throw new UserError(`${setting} is ${address}: the sandbox's plugins only speak to 127.0.0.1 or localhost.`);
  }
  return address.replace(/\/+$/, "");
}

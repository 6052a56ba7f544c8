import { UserError } from "../../../services/common/errors.ts";

/**
 * The address of a local service. The sandbox's plugins never call a real cloud, so any other host is refused.
 *
 * @param setting the setting's name, for the message
 */
export function localAddress(address: string | undefined, setting: string): string {
  if (address === undefined) {
    throw new UserError(`Set ${setting}. The sandbox's plugins only use a local address, never the real service.`);
  }
  const host = URL.canParse(address) ? new URL(address).hostname : undefined;
  if (host !== "127.0.0.1" && host !== "localhost") {
    throw new UserError(`${setting} is ${address}, but the sandbox's plugins only use 127.0.0.1 or localhost.`);
  }
  return address.replace(/\/+$/, "");
}

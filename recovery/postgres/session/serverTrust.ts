import { readFileSync } from "node:fs";
import { checkServerIdentity, type ConnectionOptions } from "node:tls";

import { messageOf, UserError } from "../../../services/common/errors.ts";
import type { DatabaseAddress } from "./databaseUrl.ts";
import { SUPABASE_ROOTS } from "./supabaseRoots.ts";

/** libpq's variable for a file of root certificates. It is the only one of libpq's that this project takes from the environment. */
const ROOT_CERTIFICATES_VARIABLE = "PGSSLROOTCERT";

/** libpq's word for the root certificates of the machine. (postgresql.org/docs/current/libpq-connect.html, `sslrootcert`.) */
const SYSTEM = "system";
const PEM = /-----BEGIN CERTIFICATE-----/;

/**
 * The root certificates (PEM) by which a server is verified: those of the connection string, else of the file in PGSSLROOTCERT, else
 * Supabase's. Undefined means those of the machine.
 *
 * @throws UserError if a named file is not one of certificates
 * @internal exported for tests
 */
export function rootCertificatesOf(
  { rootCertificates }: Pick<DatabaseAddress, "rootCertificates">,
  environment: NodeJS.ProcessEnv = process.env,
): string | undefined {
  const named = rootCertificates ?? (environment[ROOT_CERTIFICATES_VARIABLE] || undefined);
  if (named === undefined) return SUPABASE_ROOTS;
  if (named === SYSTEM) return undefined;
  return PEM.test(named) ? named : certificatesIn(named);
}

/** What PGSSLROOTCERT says, in a form that works on another machine: the certificates' text, or `system`. Undefined if it is not set. */
export function portableRootCertificates(environment: NodeJS.ProcessEnv): string | undefined {
  const named = environment[ROOT_CERTIFICATES_VARIABLE] || undefined;
  return named === undefined ? undefined : (rootCertificatesOf({ rootCertificates: named }) ?? SYSTEM);
}

function certificatesIn(file: string): string {
  const advice = `Name a file of root certificates in PEM form, by sslrootcert or ${ROOT_CERTIFICATES_VARIABLE}, or leave both out for Supabase's.`;
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new UserError(`The root certificates in ${file} cannot be read: ${messageOf(error)}. ${advice}`, {
      cause: error,
    });
  }
  if (PEM.test(text)) return text;
  throw new UserError(`${file} has no root certificate. ${advice}`);
}

/** How node-postgres verifies a server. With `verify-ca`, its certificate may be for any name. */
export function tlsOptions(address: DatabaseAddress): false | ConnectionOptions {
  if (address.sslMode === "disable") return false;
  return {
    rejectUnauthorized: true,
    ca: rootCertificatesOf(address),
    // node-postgres passes no name for an IP address, and Node would then look for "localhost".
    checkServerIdentity: (_name, certificate) =>
      address.sslMode === "verify-ca" ? undefined : checkServerIdentity(address.host, certificate),
  };
}

/**
 * How libpq verifies a server: its variables, and the certificates that `write` is asked to put into a file.
 *
 * @param write returns the file's path
 */
export function libpqTrust(address: DatabaseAddress, write: (certificates: string) => string): NodeJS.ProcessEnv {
  if (address.sslMode === "disable") return { PGSSLMODE: "disable" };
  const certificates = rootCertificatesOf(address);
  return { PGSSLMODE: address.sslMode, PGSSLROOTCERT: certificates === undefined ? SYSTEM : write(certificates) };
}

/** OpenSSL's and Node's codes for a certificate that no root certificate has signed. (nodejs.org/api/tls.html, "X509 certificate error codes".) */
const UNTRUSTED = new Set([
  "SELF_SIGNED_CERT_IN_CHAIN",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "CERT_SIGNATURE_FAILURE",
  "INVALID_CA",
]);

/** Why a server could not prove who it is: the end of a sentence that begins with its place. Undefined if the failure is another one. */
export function trustFailure(error: unknown): string | undefined {
  const code = (error as NodeJS.ErrnoException).code ?? "";
  const kept = "The password was not sent.";
  const other = `If it is the right server, name its root certificates: sslrootcert=FILE in the connection string, or ${ROOT_CERTIFICATES_VARIABLE}.`;
  if (UNTRUSTED.has(code))
    return `shows a certificate that no trusted authority has signed (${code}), as an eavesdropper would. ${kept} ${other}`;
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID")
    return `shows a certificate for another host. ${kept} Correct the host in the connection string.`;
  if (code === "CERT_HAS_EXPIRED" || code === "CERT_NOT_YET_VALID")
    return `shows a certificate that is not valid today (${code}). ${kept} Check this machine's clock, then the server's certificate.`;
  if (/does not support SSL/.test(messageOf(error)))
    return `offers no TLS. ${kept} If only you can reach the network between, add sslmode=disable to the connection string.`;
  return undefined;
}

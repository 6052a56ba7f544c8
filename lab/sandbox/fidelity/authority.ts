import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

import { UserError } from "../../../services/common/errors.ts";

/** A certificate for one host, and the root that has signed it. */
export interface HostCertificate {
  /** The file with the root certificate, in PEM. */
  rootFile: string;
  cert: string;
  key: string;
}

const EC = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
/** Days for which the certificates are valid: a drill takes minutes. */
const DAYS = "2";

/** Makes a throwaway authority in a folder, and a certificate for a host. UserError without openssl: Node makes no certificates. */
export async function certifyHost(folder: string, host: string): Promise<HostCertificate> {
  const at = (name: string) => join(folder, name);
  await openssl(
    "req",
    "-x509",
    ...EC,
    "-subj",
    "/CN=CastChat sandbox",
    "-days",
    DAYS,
    "-keyout",
    at("root.key"),
    "-out",
    at("root.crt"),
  );
  await writeFile(at("host.ext"), `subjectAltName=DNS:${host}\n`);
  await openssl("req", ...EC, "-subj", `/CN=${host}`, "-keyout", at("host.key"), "-out", at("host.csr"));
  const signing = ["-CA", at("root.crt"), "-CAkey", at("root.key"), "-CAcreateserial", "-days", DAYS];
  await openssl("x509", "-req", "-in", at("host.csr"), ...signing, "-extfile", at("host.ext"), "-out", at("host.crt"));
  return {
    rootFile: at("root.crt"),
    cert: await readFile(at("host.crt"), "utf8"),
    key: await readFile(at("host.key"), "utf8"),
  };
}

async function openssl(...args: string[]): Promise<void> {
  await promisify(execFile)("openssl", args).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new UserError("openssl is not installed: install it (`apt-get install openssl`), and try again.");
  });
}

import { X509Certificate } from "node:crypto";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

import { connect } from "../../../../recovery/postgres/session/database.ts";
import { parseDatabaseUrl, trusting } from "../../../../recovery/postgres/session/databaseUrl.ts";
import { rootCertificatesOf, trustFailure } from "../../../../recovery/postgres/session/serverTrust.ts";
import { SUPABASE_ROOTS } from "../../../../recovery/postgres/session/supabaseRoots.ts";
import { UserError } from "../../../../services/common/errors.ts";
import { makeTestFolder } from "../../../support/folder.ts";
import { startTestDatabase } from "../../../support/postgres.ts";
import { expectRefusal } from "../../../support/refusal.ts";
import { forSuite } from "../../../support/suite.ts";
import { makeAuthority, startTlsServer, type TestAuthority, type TlsServer } from "../../../support/tlsServer.ts";
import { runSql } from "../../support/sample.ts";

const database = forSuite(startTestDatabase);
const options = { applicationName: "test" };
let folder: Awaited<ReturnType<typeof makeTestFolder>>;
let authority: TestAuthority;
/** The database with a certificate of the authority, one for another name, and a thief on the way to it. */
let right: TlsServer;
let misnamed: TlsServer;
let thief: TlsServer;

beforeAll(async () => {
  folder = await makeTestFolder();
  authority = await makeAuthority(folder.path);
  const [own, other] = [await authority.certify("IP:127.0.0.1"), await authority.certify("DNS:elsewhere.example")];
  right = await startTlsServer(own, database.port);
  misnamed = await startTlsServer(other);
  thief = await startTlsServer(own);
});
afterAll(async () => {
  for (const server of [right, misnamed, thief]) await server.stop();
  await folder.remove();
});

const through = ({ port }: TlsServer, query: string) =>
  `${database.url.replace(`:${database.port}/`, `:${port}/`)}?${query}`;
const byAuthority = () => `sslmode=verify-full&sslrootcert=${authority.file}`;

describe("a server's certificate", () => {
  it("is verified, and the server of the right authority is used", async () => {
    expect(await runSql(through(right, byAuthority()), "select 1 as one")).toEqual([{ one: 1 }]);
  });

  it.each(["sslmode=verify-full", "sslmode=verify-ca", "sslmode=require"])(
    "with %s a thief gets no password",
    async (mode) => {
      const message =
        /shows a certificate that no trusted authority has signed \(\w+\), as an eavesdropper would\. The password was not sent\./;
      await expectRefusal(connect(through(thief, mode), options), UserError, message);
      expect(thief.passwords).toEqual([]);
    },
  );

  it("must be for the host, unless the connection string asks only for the authority", async () => {
    await expectRefusal(
      connect(through(misnamed, byAuthority()), options),
      UserError,
      "a certificate for another host",
    );
    expect(misnamed.passwords).toEqual([]);
    const ca = await startTlsServer(await authority.certify("DNS:another.example"), database.port);
    const url = through(ca, `sslmode=verify-ca&sslrootcert=${authority.file}`);
    expect(await runSql(url, "select 1 as one")).toEqual([{ one: 1 }]);
    await ca.stop();
  });

  it("can be missing only if the connection string says so", async () => {
    const plain = `${database.url}?sslmode=verify-full`;
    await expectRefusal(
      connect(plain, options),
      UserError,
      /offers no TLS\. The password was not sent\..*sslmode=disable/,
    );
  });
});

describe("the root certificates", () => {
  it("are Supabase's own, by their published SHA-256", () => {
    const roots = SUPABASE_ROOTS.split(/(?<=-----END CERTIFICATE-----\n)/).map((pem) => new X509Certificate(pem));
    expect(
      roots.map(({ fingerprint256, validTo }) => [fingerprint256.replaceAll(":", "").toLowerCase(), validTo]),
    ).toEqual([
      ["807025ad50d4ed219d2c9c7d299c004f824eb00cf7f65afef607d07b72e6cafa", "Apr 26 10:56:53 2031 GMT"],
      ["5f9b77951a7aa1303f9b58eea9bfa89e358cfdc15f9786ff10d4930a722c9ae2", "Sep  1 08:01:25 2035 GMT"],
    ]);
    for (const root of roots) expect(root.verify(root.publicKey)).toBe(true);
    expect(rootCertificatesOf({}, {})).toBe(SUPABASE_ROOTS);
  });

  it("come from the connection string, before the environment's file", () => {
    const environment = { PGSSLROOTCERT: authority.file };
    const own = rootCertificatesOf({}, environment);
    expect(own).toMatch(/^-----BEGIN CERTIFICATE-----/);
    expect(rootCertificatesOf({ rootCertificates: "system" }, environment)).toBeUndefined();
    expect(rootCertificatesOf({ rootCertificates: SUPABASE_ROOTS }, environment)).toBe(SUPABASE_ROOTS);
  });

  it("are refused by the file's name", () => {
    const missing = join(folder.path, "none.crt");
    const advice = "Name a file of root certificates in PEM form, by sslrootcert or PGSSLROOTCERT";
    expect(() => rootCertificatesOf({ rootCertificates: missing }, {})).toThrow(UserError);
    expect(() => rootCertificatesOf({ rootCertificates: missing }, {})).toThrow(`${missing} cannot be read`);
    const key = join(folder.path, "root.key");
    expect(() => rootCertificatesOf({}, { PGSSLROOTCERT: key })).toThrow(`${key} has no root certificate. ${advice}`);
  });

  it("are added to a connection string that names none", () => {
    const url = "postgresql://u:p@h/d";
    expect(parseDatabaseUrl(trusting(url, SUPABASE_ROOTS)).rootCertificates).toBe(SUPABASE_ROOTS);
    expect(trusting(`${url}?sslrootcert=own.crt`, SUPABASE_ROOTS)).toBe(`${url}?sslrootcert=own.crt`);
    expect(trusting(url, undefined)).toBe(url);
  });

  it("are no matter to a certificate that is out of date", () => {
    const expired = Object.assign(new Error("certificate has expired"), { code: "CERT_HAS_EXPIRED" });
    expect(trustFailure(expired)).toContain("not valid today (CERT_HAS_EXPIRED). The password was not sent.");
    expect(trustFailure(new Error("anything else"))).toBeUndefined();
  });
});

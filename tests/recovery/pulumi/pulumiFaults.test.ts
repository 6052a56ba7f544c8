import { describe, expect, it } from "@jest/globals";

import { setupFault } from "../../../recovery/pulumi/pulumiFaults.ts";
import { UserError } from "../../../services/common/errors.ts";

const call = { stack: "prod", workspace: "/here" };

describe("setupFault", () => {
  it.each([
    [
      "error: PULUMI_ACCESS_TOKEN must be set for login during non-interactive CLI sessions",
      /Set PULUMI_BACKEND_URL to/,
    ],
    ["error: passphrase must be set with PULUMI_CONFIG_PASSPHRASE or …", /Set PULUMI_CONFIG_PASSPHRASE to/],
    ["error: getting secrets manager: incorrect passphrase, please set …", /does not open the secrets of stack prod/],
    [
      "error: no stack named 'prod' found",
      /^There is no stack named prod in this backend.*`pulumi stack select --create prod`/,
    ],
    [
      "error: no Pulumi.yaml project file found (searching upwards from /here)",
      /^There is no Pulumi project in \/here/,
    ],
    [
      "error: unable to open bucket file:///gone?no_tmp_dir=true: stat /gone: no such file",
      /PULUMI_BACKEND_URL.*stat \/gone/,
    ],
    [
      'error: read ".pulumi/meta.yaml": blob (key ".pulumi/meta.yaml") (code=Unknown): ExpiredToken',
      /credentials.*ExpiredToken/,
    ],
  ])("says what to do about %j", (said, sentence) => {
    const fault = setupFault(`\n${said}\n`, call);
    expect(fault).toBeInstanceOf(UserError);
    expect(fault?.message).toMatch(sentence);
    expect(fault?.message).not.toMatch(/\n/);
  });

  it("leaves everything else to the engine", () => {
    expect(setupFault("error: update failed", call)).toBeUndefined();
  });
});

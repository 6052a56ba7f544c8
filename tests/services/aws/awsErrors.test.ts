import { describe, expect, it } from "@jest/globals";

import { explainAwsError } from "../../../services/aws/awsErrors.ts";
import { UserError } from "../../../services/common/errors.ts";

const call = { service: "CodeBuild", region: "ap-northeast-1", subject: "the build" };
const thrown = (name: string, message: string) => Object.assign(new Error(message), { name });

const WRONG_SECRET =
  "CodeBuild in ap-northeast-1 refuses the AWS secret key: correct AWS_SECRET_ACCESS_KEY. Type: read -rs AWS_SECRET_ACCESS_KEY && export AWS_SECRET_ACCESS_KEY (then paste it)";

describe("explainAwsError", () => {
  it.each([
    ["SignatureDoesNotMatch", "x", WRONG_SECRET],
    // JSON services use this name for a wrong secret and for a wrong clock.
    [
      "InvalidSignatureException",
      "The request signature we calculated does not match the signature you provided.",
      WRONG_SECRET,
    ],
    [
      "InvalidSignatureException",
      "Signature expired: 20260701T020000Z is now earlier than 20260701T030000Z (20260701T030500Z - 5 min.)",
      "CodeBuild in ap-northeast-1 refuses requests of this time: the clock of this machine is wrong. Set it by NTP (sudo timedatectl set-ntp true), and run the same command again.",
    ],
    [
      "InvalidClientTokenId",
      "x",
      "CodeBuild in ap-northeast-1 does not know the AWS access key: correct AWS_ACCESS_KEY_ID. Type: export AWS_ACCESS_KEY_ID=KEY",
    ],
  ])("says what to do about %s (%s)", (name, message, sentence) =>
    expect(explainAwsError(thrown(name, message), call)).toEqual(new UserError(sentence)),
  );

  it("leaves what it doesn't know as it was", () => {
    const other = thrown("SomethingElse", "x");
    expect(explainAwsError(other, call)).toBe(other);
  });
});

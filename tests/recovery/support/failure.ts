import { expect } from "@jest/globals";

import { FailedVerification, type VerifyResult } from "../../../recovery/verify/verify.ts";
import { PromiseError } from "../../../services/common/errors.ts";

/** What a verification that fails has found. */
export async function failure(work: Promise<VerifyResult>): Promise<VerifyResult> {
  const error: unknown = await work.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(PromiseError);
  expect(error).toBeInstanceOf(FailedVerification);
  return (error as FailedVerification).result;
}

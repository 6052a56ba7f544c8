import { expect, test } from "@jest/globals";

import { release, releaseAround } from "../../../services/common/releaseMemory.ts";

test("gives back bytes that have their memory to themselves", () => {
  const bytes = Buffer.allocUnsafeSlow(100_000);
  release(bytes);
  expect([bytes.length, bytes.buffer.byteLength]).toEqual([0, 0]);
  release(bytes);
});

test("keeps a part unless the caller says that the rest is not needed either", () => {
  const whole = Buffer.allocUnsafeSlow(1_000_000).fill(7);
  const part = whole.subarray(10, 500_000);
  release(part);
  expect([part.length, part[0]]).toEqual([499_990, 7]);
  releaseAround(part);
  expect([part.length, whole.length]).toEqual([0, 0]);
});

test("never takes away the memory that small buffers share", () => {
  const [one, other] = [Buffer.from("one"), Buffer.from("other")];
  release(one);
  releaseAround(one);
  expect([one.toString(), other.toString()]).toEqual(["one", "other"]);
});

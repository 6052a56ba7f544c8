import type { RegionPrices } from "./regionPrices.ts";

/**
 * Asia Pacific (Tokyo). Source: aws.amazon.com/s3/pricing, first volume step. AWS's price list of 16 to 18 September 2026 has the same for
 * STANDARD and for transfers: usage types `APN1-TimedStorage-ByteHrs`, `APN1-Requests-Tier1` and `-Tier2`, `APN1-APN3-AWS-Out-Bytes`,
 * `APN1-DataTransfer-Out-Bytes`.
 */
export const TOKYO: RegionPrices = {
  region: "ap-northeast-1",
  name: "Tokyo",
  asOf: "2025-06-01",
  storage: { STANDARD: 0.025, STANDARD_IA: 0.0138, GLACIER_IR: 0.005, GLACIER: 0.0045, DEEP_ARCHIVE: 0.002 },
  writes: { STANDARD: 0.0047, STANDARD_IA: 0.01, GLACIER_IR: 0.02, GLACIER: 0.03426, DEEP_ARCHIVE: 0.065 },
  reads: { STANDARD: 0.00037, STANDARD_IA: 0.001, GLACIER_IR: 0.01, GLACIER: 0.00037, DEEP_ARCHIVE: 0.00037 },
  transitions: { STANDARD: 0, STANDARD_IA: 0.01, GLACIER_IR: 0.02, GLACIER: 0.03426, DEEP_ARCHIVE: 0.065 },
  retrieval: { STANDARD: 0, STANDARD_IA: 0.01, GLACIER_IR: 0.03, GLACIER: 0.011, DEEP_ARCHIVE: 0.022 },
  toOtherRegion: 0.09,
  toInternet: 0.114,
  timeControl: 0.015,
};

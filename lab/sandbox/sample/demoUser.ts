import { createHash } from "node:crypto";

/** An account of the sample database. */
export interface DemoUser {
  id: string;
  email: string;
  password: string;
}

/** Number of different passwords. bcrypt is slow on purpose, so later users share them. */
const DEMO_PASSWORDS = 10;

/**
 * The n-th account (from 1) of every filled sample database. It is the same for every seed and size; the smallest database has {@link
 * DEMO_PASSWORDS} accounts.
 */
export function demoUser(n: number): DemoUser {
  // The same as md5('demo-user:' || n)::uuid in SQL.
  const hex = createHash("md5").update(`demo-user:${n}`).digest("hex");
  return {
    id: hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5"),
    email: `demo${n}@castchat.example`,
    password: `demo-password-${((n - 1) % DEMO_PASSWORDS) + 1}`,
  };
}

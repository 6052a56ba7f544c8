import { createHash } from "node:crypto";

/** An account of the sample database. */
export interface DemoUser {
  id: string;
  email: string;
  password: string;
}

/** So many different passwords there are: bcrypt is slow on purpose, so later users share the first ones'. */
const DEMO_PASSWORDS = 10;

/**
 * The n-th account (from 1) of every filled sample database. The same for every seed and size; a database of few rows has at
 * least {@link DEMO_PASSWORDS} of them.
 */
export function demoUser(n: number): DemoUser {
  // SQL says the same as md5('demo-user:' || n)::uuid.
  const hex = createHash("md5").update(`demo-user:${n}`).digest("hex");
  return {
    id: hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5"),
    email: `demo${n}@castchat.example`,
    password: `demo-password-${((n - 1) % DEMO_PASSWORDS) + 1}`,
  };
}

import { z } from "zod";

const statementSchema = z.object({
  backupId: z.string(),
  manifestSha256: z.string().regex(/^[0-9a-f]{64}$/),
  provenAt: z.iso.datetime(),
});

/** States that a backup was read back in full and is valid. */
export type ProofStatement = z.infer<typeof statementSchema>;

const proofSchema = z.object({ statement: z.string(), signature: z.base64() });

/** The bytes of a proof: the statement as it was signed, and its signature. */
export function proofBytes(statement: string, signature: Uint8Array): Uint8Array {
  return Buffer.from(
    JSON.stringify({ statement, signature: Buffer.from(signature).toString("base64") }) + "\n",
    "utf8",
  );
}

/** A statement with its signature, which is not checked yet. */
export interface Signed<T> {
  statement: T;
  signedBytes: Uint8Array;
  signature: Uint8Array;
}

/** Parses a proof's bytes. Undefined if they are not a proof. */
export function parseProof(bytes: Uint8Array): Signed<ProofStatement> | undefined {
  return parseSigned(bytes, statementSchema);
}

/** Parses the bytes of any signed statement ({@link proofBytes}). Undefined if they do not match the schema. */
export function parseSigned<T>(bytes: Uint8Array, schema: z.ZodType<T>): Signed<T> | undefined {
  try {
    const proof = proofSchema.parse(JSON.parse(Buffer.from(bytes).toString("utf8")));
    return {
      statement: schema.parse(JSON.parse(proof.statement)),
      signedBytes: Buffer.from(proof.statement, "utf8"),
      signature: Buffer.from(proof.signature, "base64"),
    };
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError) return undefined;
    throw error;
  }
}

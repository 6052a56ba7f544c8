import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";

const CIPHER = "aes-256-gcm";
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** A key in a key service of its own. It knows what the engine asks of AWS KMS for a stack's secrets: Encrypt and Decrypt. */
export interface StackKey {
  /** For `pulumi stack init --secrets-provider`. */
  secretsProvider: string;
  /** Leads the engine there. */
  environment: Record<string, string>;
  stop(): void;
}

/**
 * Starts the key service of a test's stack. With a passphrase, each run of the engine that meets a secret would spend 0.3 s of CPU on
 * PBKDF2.
 *
 * Source: https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html
 */
export async function startStackKey(): Promise<StackKey> {
  const key = randomBytes(32);
  const server = createServer((request, response) => {
    const send = (answer: object) =>
      response.setHeader("content-type", "application/x-amz-json-1.1").end(JSON.stringify(answer));
    answerTo(request, key).then(send, (error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  server.unref();
  return {
    secretsProvider: "awskms://alias/tests?region=ap-northeast-1&awssdk=v2",
    environment: {
      AWS_ENDPOINT_URL_KMS: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      AWS_ACCESS_KEY_ID: "tests",
      AWS_SECRET_ACCESS_KEY: "tests",
    },
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function answerTo(request: IncomingMessage, key: Buffer): Promise<object> {
  const asked = (await json(request)) as { Plaintext?: string; CiphertextBlob?: string };
  if (asked.Plaintext !== undefined) return { CiphertextBlob: encrypt(key, asked.Plaintext) };
  return { Plaintext: decrypt(key, asked.CiphertextBlob ?? "") };
}

function encrypt(key: Buffer, plaintext: string): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce);
  const sealed = Buffer.concat([cipher.update(plaintext, "base64"), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString("base64");
}

function decrypt(key: Buffer, ciphertext: string): string {
  const bytes = Buffer.from(ciphertext, "base64");
  const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, NONCE_BYTES));
  decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
  const opened = [decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()];
  return Buffer.concat(opened).toString("base64");
}

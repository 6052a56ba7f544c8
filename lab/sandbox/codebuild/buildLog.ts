import { JsonService } from "../aws/jsonService.ts";
import type { BuildOrder } from "./order.ts";

/** How long lines are collected before they are sent. */
const FLUSH_MS = 300;

/** A build's log stream in CloudWatch Logs, written with the build's own role. */
export class BuildLog {
  readonly #logs: JsonService;
  readonly #stream: { logGroupName: string; logStreamName: string };
  readonly #secrets: string[] = [];
  #waiting: { timestamp: number; message: string }[] = [];
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<unknown> = Promise.resolve();

  constructor({ region, endpoint, credentials, logs }: BuildOrder) {
    this.#logs = new JsonService({ service: "logs", target: "Logs_20140328.", region, endpoint, credentials });
    this.#stream = { logGroupName: logs.groupName, logStreamName: logs.streamName };
  }

  /** Creates the stream. */
  async open(): Promise<void> {
    await this.#logs.call("CreateLogStream", this.#stream);
  }

  /** Masks values as `***` from now on, as CodeBuild does. */
  hide(secrets: readonly string[]): void {
    this.#secrets.push(...secrets.filter((one) => one !== ""));
  }

  /** Adds lines; empty ones are left out, because CloudWatch Logs doesn't accept them. */
  write(text: string): void {
    const timestamp = Date.now();
    const lines = text.split("\n").filter((line) => line.trim() !== "");
    this.#waiting.push(...lines.map((line) => ({ timestamp, message: this.#hidden(line) })));
    this.#timer ??= setTimeout(() => this.#flush(), FLUSH_MS);
  }

  /** Sends the remaining lines. Throws if the log could not be written. */
  async close(): Promise<void> {
    this.#flush();
    await this.#sending;
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const logEvents = this.#waiting.splice(0);
    if (logEvents.length === 0) return;
    this.#sending = this.#sending.then(() => this.#logs.call("PutLogEvents", { ...this.#stream, logEvents }));
    // close() reports it; until then it must not end the process.
    this.#sending.catch(() => undefined);
  }

  #hidden(line: string): string {
    return this.#secrets.reduce((shown, secret) => shown.replaceAll(secret, "***"), line);
  }
}

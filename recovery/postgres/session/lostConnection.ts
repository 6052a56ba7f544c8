/** Whether an error says that the connection is gone, not that the server refuses. */
export function isLostConnection(error: unknown): boolean {
  const { code: given, message } = error as NodeJS.ErrnoException;
  // An interruption's is a number.
  const code = typeof given === "string" ? given : "";
  return (
    ["ECONNRESET", "EPIPE", "ETIMEDOUT", "57P01", "57P02"].includes(code) ||
    code.startsWith("08") ||
    /^(Connection terminated|Client has encountered a connection error)/.test(message)
  );
}

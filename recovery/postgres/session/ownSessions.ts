/** A session of this process, as its server knows it: no two sessions of a server have the same process id and start. */
export interface OwnSession {
  pid: number;
  /** As the server prints it. */
  startedAt: string;
}

const open = new Set<OwnSession>();

/** Notes a session of this process. Returns what forgets it. */
export function noteOwnSession(session: OwnSession): () => void {
  open.add(session);
  return () => open.delete(session);
}

/** The open sessions of this process, on any server. Names do not distinguish them from others, since any session may call itself as it likes. */
export function ownSessions(): { pids: number[]; starts: string[] } {
  const all = [...open];
  return { pids: all.map(({ pid }) => pid), starts: all.map(({ startedAt }) => startedAt) };
}

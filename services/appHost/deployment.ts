/** A build of an app, finished or in progress. */
export interface Deployment {
  id: string;
  /** Address of its own, with the scheme. */
  url: string;
  projectId: string | undefined;
  state: "pending" | "ready" | "failed";
  /** The state in the host's own word, for messages. */
  status: string;
  /** Why it failed, if the host gives a reason. */
  error: string | undefined;
  /** SHA of the commit that it was built from. */
  commit: string | undefined;
}

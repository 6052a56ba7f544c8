import { z } from "zod";

/**
 * What a rollback leaves at the host, beside the host's own record of what served before: the commit that is gone with its deployment, and how
 * the assignment of the names was.
 */
export interface RollbackRemark {
  /** The commit of the deployment that was left. */
  badCommit: string | undefined;
  /** Whether new deployments got the public names by themselves before. */
  followedBuilds: boolean;
}

const OWN =
  /^castchat-recovery left (?:commit ([0-9a-f]{7,64})|a deployment without a commit); automatic assignment was (on|off)$/;

/** The remark as a sentence, which the host's dashboard shows. Pure. */
export function remarkText({ badCommit, followedBuilds }: RollbackRemark): string {
  const left = badCommit === undefined ? "a deployment without a commit" : `commit ${badCommit}`;
  return `castchat-recovery left ${left}; automatic assignment was ${followedBuilds ? "on" : "off"}`;
}

/** Reads the remark; undefined for one that another program or a person has left. Pure. */
export function readRemark(text: string | undefined): RollbackRemark | undefined {
  const [whole, badCommit, state] = OWN.exec(z.string().catch("").parse(text)) ?? [];
  return whole === undefined ? undefined : { badCommit, followedBuilds: state === "on" };
}

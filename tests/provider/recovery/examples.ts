import { recoveryConfig, type RecoveryContext, recoveryContext } from "../../../provider/recovery/context.ts";

/** Without a token: any call to a service fails. */
export const CONTEXT: RecoveryContext = recoveryContext(recoveryConfig.parse({ awsRegion: "ap-northeast-3" }), {});

/** Inputs and outputs of resources, as a state has them. */
export const RESTORE = {
  inputs: {
    connectionString: "postgresql://postgres:a@h:5432/postgres",
    vaultBucket: "v",
    trustedWriterKeys: ["-----BEGIN PUBLIC KEY-----\nx\n-----END PUBLIC KEY-----\n"],
    generation: 2,
  },
  outputs: {
    restoreId: "r",
    backupId: "20260701T020000Z-1a2b3c",
    snapshotAt: "t",
    phases: [],
    durationMs: 1,
    notes: [],
    lost: [],
    tables: 1,
    rows: 1,
    users: 1,
    posts: 1,
    applications: 1,
  },
};
export const PROJECT = {
  inputs: {
    name: "castchat-dr-g2",
    organization: "o",
    region: "ap-northeast-2",
    initialPassword: "p",
    deletionProtection: true,
  },
  outputs: {
    ref: "abc",
    apiUrl: "u",
    host: "h",
    port: 5432,
    user: "u",
    database: "d",
    databasePassword: "p",
    connectionString: "c",
    anonKey: "k",
    createdAt: "t",
    durationMs: 1,
  },
};
export const TRAFFIC = {
  inputs: {
    publicName: "app.castchat.jp",
    zoneName: "castchat.jp",
    projectId: "p",
    stack: "dr",
    generation: 2,
    deploymentUrl: "https://d.vercel.app",
  },
  outputs: { leaseName: "l", holder: "stack=dr;generation=2", recordId: "r", hasDomain: true, durationMs: 1 },
};

import { SANDBOX_NAMES } from "../../sandbox/workspace.ts";

const { zone, publicName, repository, mirrorOwner, mirrorRepository } = SANDBOX_NAMES;

/** An app of the company that runs before the recovery stack is there. */
export interface LiveApp {
  /** Distinguishes it in the settings. The first app needs no name. */
  name?: string;
  /** Its Vercel project. */
  project: string;
  repository: string;
  publicName: string;
  /** Whether Cloudflare's proxy serves its record. */
  isProxied?: boolean;
  /** As its founders set them at Vercel. */
  build: Readonly<Record<string, string>>;
  /** What the standby calls its own project and its mirror. */
  standby: { project: string; mirror: string };
}

/** The company's apps, each with a repository of its own. */
export const LIVE_APPS: readonly [LiveApp, LiveApp] = [
  {
    project: "castchat",
    repository,
    publicName,
    build: {
      framework: "node",
      buildCommand: "npm run build --if-present",
      installCommand: "npm ci",
      nodeVersion: "22.x",
    },
    standby: { project: "castchat-dr", mirror: `${mirrorOwner}/${mirrorRepository}` },
  },
  {
    name: "admin",
    project: "castchat-admin",
    repository: "castchat/admin",
    publicName: `admin.${zone}`,
    isProxied: true,
    build: { framework: "node", installCommand: "npm install --omit=dev" },
    standby: { project: "castchat-admin-dr", mirror: `${mirrorOwner}/admin-mirror` },
  },
];

/** The variables of each app beside the three that its database needs. Vercel never shows a sensitive value again. */
export const LIVE_VARIABLES: readonly { key: string; value: string; type: "sensitive" | "encrypted" | "plain" }[] = [
  { key: "NEXT_PUBLIC_APP_NAME", value: "CastChat", type: "plain" },
  { key: "NEXT_PUBLIC_MAX_UPLOAD_MB", value: "50", type: "plain" },
  { key: "FEATURE_AUDITIONS", value: "on", type: "encrypted" },
  { key: "SESSION_SECRET", value: "live-session-secret", type: "sensitive" },
  { key: "SMTP_HOST", value: "smtp.mail.example", type: "encrypted" },
  { key: "SMTP_PASSWORD", value: "live-smtp-password", type: "sensitive" },
  { key: "STRIPE_SECRET_KEY", value: "live-stripe-key", type: "sensitive" },
  { key: "STRIPE_WEBHOOK_SECRET", value: "live-stripe-webhook", type: "sensitive" },
  { key: "SLACK_WEBHOOK_URL", value: "https://hooks.slack.example/live", type: "sensitive" },
];

/**
 * The records of a zone in use, beside those of the public names: mail, proofs, a service, certificates, and names that Cloudflare's proxy
 * serves.
 */
export const LIVE_RECORDS: readonly Readonly<Record<string, unknown>>[] = [
  { type: "A", name: zone, content: "76.76.21.21", ttl: 3600, proxied: false },
  { type: "CNAME", name: `docs.${zone}`, content: "docs.host.example", ttl: 1, proxied: true, comment: "the manual" },
  { type: "MX", name: zone, content: "mx.mail.example", priority: 10, ttl: 3600 },
  { type: "TXT", name: zone, content: "v=spf1 include:mail.example -all", ttl: 3600 },
  { type: "TXT", name: `_dmarc.${zone}`, content: "v=DMARC1; p=reject", ttl: 3600 },
  { type: "TXT", name: `_acme-challenge.${zone}`, content: "a-proof-of-another-certificate", ttl: 120 },
  {
    type: "SRV",
    name: `_sip._tcp.${zone}`,
    data: { priority: 10, weight: 5, port: 5060, target: "sip.voice.example" },
    ttl: 3600,
  },
  { type: "CAA", name: zone, data: { flags: 0, tag: "issue", value: "pki.goog" }, ttl: 3600 },
  { type: "CAA", name: zone, data: { flags: 0, tag: "issue", value: "letsencrypt.org" }, ttl: 3600 },
];

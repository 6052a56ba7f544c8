/** What reaches people or money from a drill, with the names and values by which it is recognised. */
interface Reach {
  /** As the object of "it reaches". */
  readonly what: string;
  readonly names: RegExp;
  readonly values?: RegExp;
}

/**
 * Credentials that act outside of CastChat. A drill that has the live ones mails users, charges cards or calls other companies' services, so
 * none is passed to a drill without a word for each. Names are matched by whole words between underscores.
 */
const REACHES: readonly Reach[] = [
  {
    what: "mail to users",
    names: words(
      ...["SMTP", "MAIL", "EMAIL", "MAILER", "SENDGRID", "RESEND", "POSTMARK", "MAILGUN", "MAILCHIMP", "MANDRILL"],
      ...["MAILJET", "MAILTRAP", "BREVO", "SENDINBLUE", "SPARKPOST", "SES", "LOOPS", "PLUNK", "CUSTOMERIO"],
    ),
    values: /^(smtps?:\/\/|re_[A-Za-z0-9]{8}|SG\.)/,
  },
  {
    what: "payments",
    names: words(
      ...["STRIPE", "PAYPAL", "BRAINTREE", "ADYEN", "PADDLE", "LEMONSQUEEZY", "SQUARE", "MOLLIE", "RAZORPAY", "KLARNA"],
      ...["TOSS", "TOSSPAYMENTS", "IAMPORT", "PORTONE", "CHECKOUT", "PAYMENT", "PAYMENTS", "BILLING", "REVENUECAT"],
    ),
    values: /^(sk|rk|pk)_live_|^whsec_/,
  },
  {
    what: "webhooks and messages",
    names: words(
      ...["WEBHOOK", "WEBHOOKS", "HOOK", "SLACK", "DISCORD", "TELEGRAM", "TWILIO", "VONAGE", "NEXMO", "MESSAGEBIRD"],
      ...[
        "WHATSAPP",
        "SMS",
        "PUSH",
        "VAPID",
        "FCM",
        "FIREBASE",
        "APNS",
        "ONESIGNAL",
        "PUSHER",
        "KNOCK",
        "NOVU",
        "SVIX",
      ],
      ...["ZAPIER", "PAGERDUTY", "OPSGENIE"],
    ),
    values: /^https:\/\/(hooks\.slack\.com|discord(app)?\.com\/api\/webhooks|hooks\.zapier\.com)\//,
  },
];

function words(...list: string[]): RegExp {
  return new RegExp(`(^|_)(${list.join("|")})(_|$)`, "i");
}

/** What a variable reaches outside of CastChat, by its name or its value; undefined for one that reaches nothing known. */
export function reachOf(key: string, value: string): string | undefined {
  return REACHES.find(({ names, values }) => names.test(key) || values?.test(value) === true)?.what;
}

/**
 * Whether a value leads to a Supabase project: it holds the project's reference, in the open or inside a JSON web token, as the older API
 * keys do.
 */
export function leadsTo(ref: string, value: string): boolean {
  if (value.includes(ref)) return true;
  const [, claims] = /^[\w-]+\.([\w-]+)\.[\w-]+$/.exec(value) ?? [];
  return claims !== undefined && Buffer.from(claims, "base64url").toString("utf8").includes(ref);
}

/** What a resource is said to have after an update. */
export type Properties = Readonly<Record<string, unknown>>;

/** A part of every value that stands for one that only an update can know. */
const STANDS_IN = "stands-in";

/**
 * The outputs that a program can build other inputs from, such as the ARN of a key in a policy. Real ones exist only after an update. A name
 * that the program chose itself is in them, so that what refers to a resource can be followed to it.
 */
export function standInOutputs(type: string, name: string, inputs: Properties): Properties {
  const own = `${STANDS_IN}-${name}`;
  const called = typeof inputs["name"] === "string" ? inputs["name"] : own;
  const computed = COMPUTED[type]?.(own, called, inputs);
  return { id: own, arn: `arn:aws:${STANDS_IN}:::${called}`, ...computed };
}

/** The answer to a function of a provider; undefined if a new stack can't know it. */
export function standInAnswer(token: string): Properties | undefined {
  return ANSWERS[token];
}

const COMPUTED: Readonly<Record<string, (own: string, called: string, inputs: Properties) => Properties>> = {
  "aws:s3/bucket:Bucket": (_own, _called, { bucket }) => ({ id: bucket, arn: `arn:aws:s3:::${String(bucket)}` }),
  "aws:kms/key:Key": (own) => ({ keyId: own, arn: `arn:aws:kms:::key/${own}` }),
  "aws:iam/role:Role": (_own, called) => ({
    id: called,
    arn: `arn:aws:iam::${STANDS_IN}:role/${called}`,
  }),
  "aws:sqs/queue:Queue": (_own, called) => ({ url: `https://${STANDS_IN}.invalid/${called}` }),
  "recovery:index:Generations": (_own, _called, { generation }) => ({ first: generation, declared: [generation] }),
  "recovery:index:Adoption": () => ({ ids: {} }),
  "recovery:index:AppDeployment": (own) => ({ deploymentId: own, url: `https://${own}.invalid`, commit: own }),
  "recovery:index:ProbeName": (_own, _called, { probeName }) => ({ keptName: probeName }),
  "recovery:index:DatabasePassword": (own) => ({ password: own }),
  "recovery:index:SupabaseProject": (own) => ({
    ref: own,
    apiUrl: `https://${own}.invalid`,
    connectionString: `postgresql://${own}.invalid/postgres`,
    anonKey: own,
  }),
};

const ANSWERS: Readonly<Record<string, Properties>> = {
  "aws:kms/getPublicKey:getPublicKey": { publicKeyPem: STANDS_IN },
  "recovery:index:trafficLease": { holder: "no stack" },
  "recovery:index:liveBuild": { differences: [] },
  "recovery:index:examination": { warning: "" },
};

import { kmsSigner } from "../../../services/signer/kmsSigner.ts";
import { startTestCloud } from "../../recovery/support/cloud.ts";
import { conformsToSigner } from "./conformance.ts";

const ABSENT = "00000000-0000-0000-0000-000000000000";
const NOWHERE = "http://127.0.0.1:9";

conformsToSigner("KMS", async () => {
  const cloud = await startTestCloud();
  return {
    ...cloud,
    faulty: () => [
      [kmsSigner({ ...cloud, keyId: ABSENT }), 'signing key "00000000'],
      [
        kmsSigner({ keyId: "k", region: "ap-northeast-1", endpoint: NOWHERE }),
        `KMS in ap-northeast-1 at ${NOWHERE} cannot be reached`,
      ],
    ],
  };
});

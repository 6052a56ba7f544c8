import provproto from "@pulumi/pulumi/proto/provider_pb.js";

import type { Checked, Fault } from "./checking.ts";
import { encode } from "./values.ts";

/** The response of Check and CheckConfig. */
export function checkResponse({ values, faults }: Checked, secretKeys: ReadonlySet<string>): provproto.CheckResponse {
  const response = new provproto.CheckResponse();
  response.setInputs(encode(values, secretKeys));
  response.setFailuresList(faults.map(failureOf));
  return response;
}

/** A fault in the engine's form. */
export function failureOf({ property, reason }: Fault): provproto.CheckFailure {
  const failure = new provproto.CheckFailure();
  failure.setProperty(property);
  failure.setReason(reason);
  return failure;
}

/** The response of Diff and DiffConfig: each changed key, and which of them need a new resource. */
export function diffResponse(
  replaces: ReadonlySet<string>,
  changes: ReadonlySet<string>,
  deleteBeforeReplace = false,
): provproto.DiffResponse {
  const { DIFF_SOME, DIFF_NONE } = provproto.DiffResponse.DiffChanges;
  const { UPDATE, UPDATE_REPLACE } = provproto.PropertyDiff.Kind;
  const response = new provproto.DiffResponse();
  response.setChanges(changes.size > 0 ? DIFF_SOME : DIFF_NONE);
  response.setReplacesList([...replaces]);
  response.setDiffsList([...changes]);
  response.setDeletebeforereplace(deleteBeforeReplace && replaces.size > 0);
  response.setHasdetaileddiff(true);
  for (const key of changes) {
    const detail = new provproto.PropertyDiff();
    detail.setKind(replaces.has(key) ? UPDATE_REPLACE : UPDATE);
    detail.setInputdiff(true);
    response.getDetaileddiffMap().set(key, detail);
  }
  return response;
}

"""How AWS's own services assume the sandbox's roles: only if the role trusts them, and only with its rights."""

import json
import secrets
import time
import urllib.parse

from ministack.core import iam_evaluator
from ministack.core.responses import get_account_id, get_region
from ministack.services import iam, sts

# AWS renews a build's session; here it lasts for the longest build.
SESSION_SECONDS = 8 * 3600


def assume(role_arn, service, source_arn, session_name="sandbox"):
    """A session of a role for an AWS service, if the role trusts that service for that resource; otherwise None."""
    account = get_account_id()
    if not trusts(role_arn, service, source_arn):
        return None
    key, secret, token = sts._gen_session_access_key(), sts._gen_secret(), secrets.token_hex(64)
    sts.register_session(
        key,
        {
            "Arn": sts._assumed_role_arn(role_arn, session_name),
            "UserId": f"{sts._role_id(role_arn)}:{session_name}",
            "SecretAccessKey": secret,
            "SessionToken": token,
            "Expiration": time.time() + SESSION_SECONDS,
            "AccountId": account,
            "PrincipalType": "AssumedRole",
        },
    )
    return {"accessKeyId": key, "secretAccessKey": secret, "sessionToken": token}


def trusts(role_arn, service, source_arn):
    """Whether a role trusts a service for that resource."""
    role = iam._roles.get_scoped(get_account_id(), None, role_arn.rsplit("/", 1)[-1])
    if role is None:
        return False
    document = json.loads(urllib.parse.unquote(role["AssumeRolePolicyDocument"]))
    context = _context(service, "sts:AssumeRole", role["Arn"], {"aws:sourcearn": source_arn, "aws:sourceaccount": get_account_id()})
    return any(
        one.get("Effect") == "Allow"
        and one.get("Action") == "sts:AssumeRole"
        and iam_evaluator._service_principal_matches(one.get("Principal"), service)
        and iam_evaluator._conditions_met(one.get("Condition", {}), context)
        for one in document["Statement"]
    )


def may(role_arn, action, resource):
    policies = iam_evaluator._gather_role_policies(role_arn.rsplit("/", 1)[-1], get_account_id())
    return iam_evaluator.evaluate(_context(role_arn, action, resource, {}), policies).decision == "Allow"


def _context(principal, action, resource, keys):
    return iam_evaluator.EvalContext(
        principal_arn=principal,
        principal_type="AssumedRole",
        principal_account=get_account_id(),
        action=action,
        resource_arn=resource,
        region=get_region(),
        service_context=keys,
    )

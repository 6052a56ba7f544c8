"""Starts ministack 1.5.33 and adds what it lacks for the sandbox: see each function. ministack's own files are not changed."""

import contextvars
import datetime
import hmac
import os
import re
import signal
import threading
import urllib.parse

from ministack import app as ministack_app
from ministack.core import iam_actions, iam_evaluator
from ministack.services import iam, s3, sts

import scheduled_builds


def keep_locks_over_restarts():
    """ministack writes buckets, objects and their settings to disk, but not the locks and holds of objects."""
    s3._PERSISTED_BUCKET_DICTS.update(object_retention=s3._object_retention, object_legal_hold=s3._object_legal_hold)


def lock_uploads_in_parts():
    """ministack drops the lock and the hold of a multipart upload."""
    create, complete = s3._create_multipart_upload, s3._complete_multipart_upload

    def created(bucket, key, headers):
        answer = create(bucket, key, headers)
        upload = re.search(rb"<UploadId>([^<]+)</UploadId>", answer[2])
        if upload:
            s3._multipart_uploads[upload[1].decode()]["lock"] = {k: v for k, v in headers.items() if "object-lock" in k}
        return answer

    def completed(bucket, key, body, query_params, *rest, **named):
        upload = s3._multipart_uploads.get(s3._qp(query_params, "uploadId", "")) or {}
        answer = complete(bucket, key, body, query_params, *rest, **named)
        if answer[0] == 200 and "lock" in upload:
            version = s3._buckets.get(bucket)["objects"][key].get("version_id")
            s3._apply_object_lock_from_headers(bucket, key, upload["lock"], version)
        return answer

    s3._create_multipart_upload, s3._complete_multipart_upload = created, completed


def replicate_locks():
    """A replica has its source's lock and hold, and follows their changes (AWS: "Using Object Lock with S3 Replication")."""

    def mirror(store, bucket, key, version):
        source = s3._buckets.get(bucket)["objects"].get(key)
        rule, role = s3._replication_rule_for(bucket, key, {})
        target = rule and s3._replication_destination(bucket, key, rule, role)
        entries = [one for one in s3._object_versions.get((bucket, key)) or [] if one.get("version_id") == version]
        source = entries[0] if entries else source
        if not target or not source or (bucket, key, version) not in store:
            return
        name, account, _ = target
        with s3._in_account(account):
            for one in s3._object_versions.get((name, key)) or []:
                if one.get("etag") == source.get("etag") and one.get("last_modified") == source.get("last_modified"):
                    store[(name, key, one["version_id"])] = store[(bucket, key, version)]

    def following(function, stores, version_of):
        def followed(bucket, key, *rest):
            answer = function(bucket, key, *rest)
            for store in stores:
                mirror(store, bucket, key, version_of(bucket, key, rest))
            return answer

        return followed

    def addressed(bucket, key, rest):
        return s3._resolve_subresource_version(rest[-1] or {}, s3._buckets.get(bucket), key)

    retention, hold = s3._object_retention, s3._object_legal_hold
    s3._apply_object_lock_from_headers = following(
        s3._apply_object_lock_from_headers, [retention, hold], lambda _bucket, _key, rest: rest[-1]
    )
    s3._put_object_retention = following(s3._put_object_retention, [retention], addressed)
    s3._put_object_legal_hold = following(s3._put_object_legal_hold, [hold], addressed)


def name_sessions_by_their_role():
    """aws:PrincipalArn of a session is its role's ARN, not the session's own (AWS: "AWS global condition context keys")."""
    resolve = iam_evaluator._resolve_condition_key

    def resolved(key, context):
        arn = context.principal_arn
        if key.lower() == "aws:principalarn" and ":assumed-role/" in arn:
            name = arn.split(":assumed-role/", 1)[1].split("/", 1)[0]
            role = iam._roles.get_scoped(context.principal_account, None, name)
            return role["Arn"] if role else arn
        return resolve(key, context)

    iam_evaluator._resolve_condition_key = resolved


def know_lock_and_encryption_of_uploads():
    """Adds condition keys of a PutObject that ministack lacks."""
    conditions = iam_actions._s3_object_context

    def known(action, query, path, headers):
        context = conditions(action, query, path, headers)
        until = headers.get("x-amz-object-lock-retain-until-date")
        if action == "s3:PutObject" and until:
            left = datetime.datetime.fromisoformat(until) - datetime.datetime.now(datetime.timezone.utc)
            context["s3:object-lock-remaining-retention-days"] = str(-(-left // datetime.timedelta(days=1)))
        if action == "s3:PutObject":
            # AWS: "Enforce conditional writes on Amazon S3 buckets": neither the start of a multipart upload nor a part creates an object.
            begins, is_part = "uploads" in query, "partNumber" in query
            context["s3:ObjectCreationOperation"] = "false" if begins or is_part else "true"
            if headers.get("if-none-match"):
                context["s3:if-none-match"] = headers["if-none-match"]
        own = headers.get("x-amz-server-side-encryption-customer-algorithm")
        if action == "s3:PutObject" and own:
            context["s3:x-amz-server-side-encryption-customer-algorithm"] = own
        return context

    iam_actions._s3_object_context = known


def judge_aliases_by_their_keys():
    """The right to make or delete an alias of a key is asked for that key or alias; ministack asks for all resources."""
    found = iam_actions.extract_resource_arn

    def named(service, method, path, headers, body, query, region, account):
        arn = found(service, method, path, headers, body, query, region, account)
        if service != "kms" or arn != "*":
            return arn
        key, alias = (iam_actions._safe_json_field(body, field) for field in ("TargetKeyId", "AliasName"))
        if key:
            return key if key.startswith("arn:") else f"arn:aws:kms:{region}:{account}:key/{key}"
        return f"arn:aws:kms:{region}:{account}:{alias}" if alias else arn

    iam_actions.extract_resource_arn = named


def accept_mfa():
    """An AssumeRole with the serial number of the caller's own device and six digits counts as MFA; the digits aren't checked."""
    body_of = contextvars.ContextVar("body", default=b"")
    handle, identify = sts.handle_request, sts._caller_identity

    async def handled(method, path, headers, body, query_params):
        body_of.set(body)
        return await handle(method, path, headers, body, query_params)

    def identified(headers, query_params=None):
        caller = identify(headers, query_params)
        sent = urllib.parse.parse_qs(body_of.get().decode("utf-8", "replace"))
        device = iam._mfa_devices.get(sent.get("SerialNumber", [""])[0])
        code = sent.get("TokenCode", [""])[0]
        if isinstance(caller, dict) and device and device["User"] == caller["principalName"] and len(code) == 6 and code.isdigit():
            keys = {"aws:multifactorauthpresent": "true", "aws:multifactorauthage": "0"}
            return {**caller, "principalKeys": {**caller["principalKeys"], **keys}}
        return caller

    sts.handle_request, sts._caller_identity = handled, identified


def let_root_take_the_vaults_roles():
    """Simulated: in AWS a root user can't assume roles. Here it is the sandbox's only person, with the tag of every role but break-glass."""
    identify = sts._caller_identity

    def identified(headers, query_params=None):
        caller = identify(headers, query_params)
        if not isinstance(caller, dict) or not caller["userArn"].endswith(":root"):
            return caller
        tags = {f"aws:principaltag/castchat-recovery-{purpose}": "true" for purpose in ("writer", "reader", "restorer")}
        return {**caller, "principalKeys": {**caller["principalKeys"], **tags}}

    sts._caller_identity = identified


def end_with_its_parent():
    """The sandbox holds the other end of standard input. It closes with the sandbox, also after a kill; SIGTERM writes the state."""

    def wait():
        while os.read(0, 4096):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True).start()


if os.environ.get("CASTCHAT_ENDS_WITH_STDIN"):
    end_with_its_parent()
# What every request has to carry, because the gateways check the signatures: ministack itself takes a root key without one.
GATEWAY_HEADER = b"x-castchat-gateway"
GATEWAY_SECRET = os.environ.pop("CASTCHAT_GATEWAY_SECRET", "").encode()
HEALTH_PATH = "/_ministack/health"
LOOPBACK_HOST = re.compile(rb"(127\.0\.0\.1|localhost)(:\d+)?")


def admit_only_the_gateways():
    """Refuses requests that no gateway has passed on, and requests for another host, which a page sends that DNS leads here."""
    served = ministack_app.app

    def is_admitted(scope):
        headers = dict(scope["headers"])
        if not LOOPBACK_HOST.fullmatch(headers.get(b"host", b"")):
            return False
        sent = headers.get(GATEWAY_HEADER, b"")
        return not GATEWAY_SECRET or scope.get("path") == HEALTH_PATH or hmac.compare_digest(sent, GATEWAY_SECRET)

    async def admitting(scope, receive, send):
        if scope["type"] == "lifespan" or is_admitted(scope):
            await served(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await send({"type": "http.response.start", "status": 403, "headers": [(b"content-length", b"0")]})
            await send({"type": "http.response.body", "body": b""})

    ministack_app.app = admitting


def know_one_root_key():
    """ministack also takes an empty key, `test` and any twelve digits for the root user's."""
    own = os.environ["AWS_ACCESS_KEY_ID"]

    def is_own(access_key_id):
        return access_key_id == own

    for module in (iam_evaluator, sts):
        module.is_root_access_key = is_own


admit_only_the_gateways()
know_one_root_key()
keep_locks_over_restarts()
lock_uploads_in_parts()
replicate_locks()
name_sessions_by_their_role()
know_lock_and_encryption_of_uploads()
judge_aliases_by_their_keys()
accept_mfa()
let_root_take_the_vaults_roles()
scheduled_builds.install()
ministack_app.main()

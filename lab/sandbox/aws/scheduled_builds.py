"""What ministack 1.5.33 lacks for scheduled builds: a schedule that starts a build, a build that really runs, a clock to advance."""

import contextvars
import copy
import json
import logging
import os
import signal
import socket
import subprocess
import threading
import time
import urllib.parse

from ministack.core.arn import parse_arn
from ministack.core.responses import error_response_json, get_account_id, get_region
from ministack.services import codebuild, eventbridge, scheduler

from service_roles import assume, may, trusts

logger = logging.getLogger("scheduled-builds")

# Each region's address, by its name; the sandbox's gateways check signatures there. Set by lab/sandbox/aws/ministack.ts.
ENDPOINTS = json.loads(os.environ.get("CASTCHAT_REGION_ENDPOINTS", "{}"))
RUN_BUILD = json.loads(os.environ.get("CASTCHAT_RUN_BUILD", "null"))
# Holds the seconds by which the scheduler's clock is ahead; lab/sandbox/aws/schedulerClock.ts writes it.
CLOCK_FILE = os.environ.get("CASTCHAT_SCHEDULER_CLOCK", "")
TICK_SECONDS = 1
# Seconds between two attempts of a failed start; AWS waits longer each time.
RETRY_SECONDS = 5

_processes = {}  # build id -> its process
_waiting = {}  # (account, region, schedule) -> {"target", "event", "first", "attempts", "next"}


def keep_build_settings():
    """ministack drops a project's log group and its limit of concurrent builds."""
    kept = ("logsConfig", "concurrentBuildLimit")
    create, update, shape = codebuild._create_project, codebuild._update_project, codebuild._project_shape

    def keep(data):
        project = codebuild._projects.get(data.get("name", ""))
        if project is not None:
            for name in kept:
                project.pop(name, None)
                if name in data:
                    project[name] = data[name]

    def created(data):
        answer = create(data)
        if answer[0] == 200:
            keep(data)
            return codebuild.json_response({"project": codebuild._project_shape(codebuild._projects[data["name"]])})
        return answer

    def updated(data):
        answer = update(data)
        if answer[0] == 200:
            keep(data)
        return answer

    codebuild._create_project, codebuild._update_project = created, updated
    codebuild._project_shape = lambda project: {**shape(project), **{k: project[k] for k in kept if k in project}}


def override_variables():
    """
    A StartBuild may override or add variables (AWS: "environmentVariablesOverride"): the build has them, and so does what BatchGetBuilds
    shows of its environment. ministack drops them.
    """
    start, record = codebuild._start_build, codebuild._make_build_record
    overrides = contextvars.ContextVar("overrides", default=())

    def started(data):
        token = overrides.set(data.get("environmentVariablesOverride") or ())
        try:
            return start(data)
        finally:
            overrides.reset(token)

    def recorded(project, *rest):
        build = record(project, *rest)
        environment = dict(build["environment"])
        merged = {one["name"]: one for one in [*(environment.get("environmentVariables") or []), *overrides.get()]}
        environment["environmentVariables"] = list(merged.values())
        return {**build, "environment": environment}

    codebuild._start_build, codebuild._make_build_record = started, recorded


# Seconds for which CodeBuild remembers the token of a StartBuild.
TOKEN_SECONDS = 300


def limit_builds():
    """
    StartBuild is refused while as many builds run as the project allows (AWS: "concurrentBuildLimit"), and starts no
    second build when the same request comes again within five minutes (AWS: "idempotencyToken"); with another parameter it is refused.
    """
    start = codebuild._start_build
    started_with = {}  # idempotency token -> when, request, build id

    def started(data):
        token = data.get("idempotencyToken")
        at, request, build_id = started_with.get(token, (0, None, None))
        if token is not None and time.monotonic() - at < TOKEN_SECONDS and build_id is not None:
            if request != data:
                return error_response_json("InvalidInputException", "The token came with other parameters before", 400)
            return codebuild.json_response({"build": copy.deepcopy(codebuild._builds.get(build_id))})
        project = codebuild._projects.get(data.get("projectName", "")) or {}
        limit = project.get("concurrentBuildLimit")
        running = [
            one
            for one in codebuild._builds.values()
            if one["projectName"] == project.get("name") and one["buildStatus"] == "IN_PROGRESS"
        ]
        if limit is not None and len(running) >= limit:
            message = f"Cannot have more than {limit} active builds for the project"
            return error_response_json("AccountLimitExceededException", message, 400)
        answer = start(data)
        if token is not None and answer[0] == 200:
            started_with[token] = (time.monotonic(), copy.deepcopy(data), json.loads(answer[2])["build"]["id"])
        return answer

    codebuild._start_build = started


def run_builds():
    """A build is a process of this machine instead of a container: lab/sandbox/codebuild/runBuild.ts runs its commands."""

    def execute(build_id, project):
        build = codebuild._builds.get(build_id)
        group = project["logsConfig"]["cloudWatchLogs"]["groupName"]
        build["logs"] = {"groupName": group, "streamName": build_id.rsplit(":", 1)[-1]}
        try:
            order = json.dumps(_order(build, project))
            process = subprocess.Popen(RUN_BUILD, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        except Exception as error:
            logger.error("build %s could not be started: %s", build_id, error)
            _fail(build, "PROVISIONING", str(error))
            return
        _processes[build_id] = process
        timed_out = threading.Event()
        timer = threading.Timer(codebuild._timeout_seconds(project), lambda: (timed_out.set(), process.terminate()))
        timer.daemon = True
        timer.start()
        try:
            process.stdin.write(order)
            process.stdin.close()
            for line in process.stdout:
                phase = json.loads(line)
                codebuild._record_phase(build, phase["phase"], phase["status"])
                if phase.get("message"):
                    build["phases"][-1]["contexts"] = [{"statusCode": "", "message": phase["message"]}]
            code = process.wait()
        finally:
            timer.cancel()
            _processes.pop(build_id, None)
        stopped = codebuild._stop_requested(build_id)
        codebuild._clear_stopped(build_id)
        status = "STOPPED" if stopped else "TIMED_OUT" if timed_out.is_set() else "SUCCEEDED" if code == 0 else "FAILED"
        codebuild._finish_build(build, status)

    def stop(data):
        build = codebuild._builds.get(data.get("id", ""))
        if build is None or build["buildStatus"] != "IN_PROGRESS":
            return original_stop(data)
        codebuild._mark_stopped(build["id"])
        process = _processes.get(build["id"])
        if process is not None:
            process.send_signal(signal.SIGTERM)
        return codebuild.json_response({"build": copy.deepcopy(build)})

    original_stop = codebuild._stop_build
    codebuild.EXECUTE_BUILDS = True
    codebuild._execute_build, codebuild._stop_build = execute, stop


def refuse_distrusting_roles():
    """A schedule whose role doesn't trust the service is refused when it is created or changed."""
    create, update = scheduler._create_schedule, scheduler._update_schedule

    def checked(name, body, keep):
        target = body.get("Target") or {}
        arn = scheduler._schedule_arn(body.get("GroupName", "default"), name)
        role = target.get("RoleArn", "")
        if role and not trusts(role, "scheduler.amazonaws.com", _group_of(arn)):
            message = "The execution role you provide must allow AWS EventBridge Scheduler to assume the role."
            return scheduler._error(400, "ValidationException", message)
        return keep(name, body)

    scheduler._create_schedule = lambda name, body: checked(name, body, create)
    scheduler._update_schedule = lambda name, body: checked(name, body, update)


def start_builds_by_schedule():
    """A schedule's target may be a CodeBuild project: the scheduler assumes its role, and starts the build with that role's rights."""
    invoke = eventbridge._invoke_target

    def invoked(target, event, rule, view=None):
        if parse_arn(target.get("Arn", "")).service != "codebuild":
            return invoke(target, event, rule, view)
        key = (get_account_id(), get_region(), rule["Arn"])
        _waiting[key] = {"target": target, "first": time.time(), "attempts": 0, "next": 0.0}
        _start_waiting()

    eventbridge._invoke_target = invoked


def advance_clock():
    """The scheduler's time is the machine's plus the seconds in its clock file. It checks schedules every second."""

    class Ahead:
        sleep = staticmethod(time.sleep)

        @staticmethod
        def time():
            try:
                with open(CLOCK_FILE, encoding="ascii") as file:
                    return time.time() + float(file.read())
            except FileNotFoundError:
                return time.time()

    tick = scheduler._tick_schedules

    def ticked():
        tick()
        _start_waiting()

    scheduler.time = Ahead
    scheduler._SCHEDULE_TICK_INTERVAL = TICK_SECONDS
    scheduler._tick_schedules = ticked


def _start_waiting():
    """Starts what is due. A failed start is retried for as long as its retry policy says, and then put into its queue."""
    for key, one in list(_waiting.items()):
        account, region, schedule = key
        if time.time() < one["next"] or not _answers(region):
            continue
        scheduler.set_request_account_id(account)
        scheduler.set_request_region(region)
        refused = _start_build(one["target"], schedule)
        if refused is None:
            del _waiting[key]
            continue
        one["attempts"] += 1
        one["next"] = time.time() + RETRY_SECONDS
        policy = one["target"].get("RetryPolicy") or {}
        too_old = time.time() - one["first"] > policy.get("MaximumEventAgeInSeconds", 86_400)
        if too_old or one["attempts"] > policy.get("MaximumRetryAttempts", 185):
            del _waiting[key]
            _bury(one["target"], schedule, refused)


def _start_build(target, schedule):
    """None if the build was started, otherwise the reason."""
    project = target["Arn"].rsplit("/", 1)[-1]
    role_arn = target["RoleArn"]
    session = assume(role_arn, "scheduler.amazonaws.com", _group_of(schedule))
    if session is None:
        return f"scheduler.amazonaws.com may not assume {role_arn}"
    if not may(role_arn, "codebuild:StartBuild", target["Arn"]):
        return f"{role_arn} may not start {target['Arn']}"
    status, _, body = codebuild._start_build({"projectName": project, **json.loads(target.get("Input") or "{}")})
    return None if status == 200 else json.loads(body).get("message", str(status))


def _group_of(schedule):
    """The ARN of a schedule's group, the source that AWS passes on when a schedule assumes its role."""
    head, group, _ = schedule.rsplit("/", 2)
    return f"{head.removesuffix(':schedule')}:schedule-group/{group}"


def _bury(target, schedule, reason):
    """Sends a failed start to the target's dead-letter queue, if its role may send there."""
    queue = (target.get("DeadLetterConfig") or {}).get("Arn")
    logger.warning("schedule %s started nothing: %s", schedule, reason)
    if queue and may(target["RoleArn"], "sqs:SendMessage", queue):
        body = json.dumps({"schedule": schedule, "target": target["Arn"], "reason": reason})
        eventbridge._dispatch_to_sqs(parse_arn(queue), body)


def _order(build, project):
    """Everything that a build needs, including its role's session."""
    credentials = assume(project["serviceRole"], "codebuild.amazonaws.com", project["arn"], _service_session(build))
    if credentials is None:
        raise PermissionError(f"codebuild.amazonaws.com may not assume {project['serviceRole']}")
    return {
        "id": build["id"],
        "region": get_region(),
        "endpoint": ENDPOINTS[get_region()],
        "project": {"name": project["name"], "source": project["source"], "environment": build["environment"]},
        "logs": build["logs"],
        "credentials": credentials,
    }


def _service_session(build):
    return "AWSCodeBuild-" + build["id"].rsplit(":", 1)[-1]


def _answers(region):
    """Whether the region's endpoint accepts connections. A region in an outage starts nothing."""
    address = urllib.parse.urlsplit(ENDPOINTS.get(region, ""))
    try:
        socket.create_connection((address.hostname, address.port), timeout=1).close()
        return True
    except OSError:
        return False


def _fail(build, phase, message):
    codebuild._record_phase(build, phase, "FAILED")
    build["phases"][-1]["contexts"] = [{"statusCode": "ACCESS_DENIED", "message": message}]
    codebuild._finish_build(build, "FAILED")


def install():
    keep_build_settings()
    override_variables()
    limit_builds()
    run_builds()
    refuse_distrusting_roles()
    start_builds_by_schedule()
    advance_clock()

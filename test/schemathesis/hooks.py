"""What the schema of the API cannot say: which tasks and files there are, and which settings go together.

Only parts of a request that are meant to be right are changed; what schemathesis has made wrong on purpose stays wrong.
ACTVERSE_WORLD: JSON of what there is (schemathesis.real.test.ts).
"""

import hashlib
import hmac
import itertools
import json
import os
from collections import defaultdict

import schemathesis
from schemathesis.core.parameters import ParameterLocation

WORLD = json.loads(os.environ["ACTVERSE_WORLD"])
FRAMES = [0, 10, 20]
_turns = defaultdict(itertools.count)
_numbers = itertools.count(1)


def _take(pool, kind):
    """One after another, and again from the start."""
    return pool[next(_turns[kind]) % len(pool)]


def _is_right(case, location):
    if case.meta is None:
        return False
    component = case.meta.components.get(location)
    # An example of the document has no components of its own.
    return (component or case.meta.generation).mode.is_positive


def _is_linked(case):
    """Stateful: the ids are those of earlier answers."""
    return case.meta is not None and str(case.meta.phase.name.value) == "stateful"


@schemathesis.hook
def before_call(context, case, kwargs):
    operation = case.operation.definition.raw.get("operationId", "")
    # Signing in is limited to so many a minute from one address.
    case.headers["X-Forwarded-For"] = f"203.0.{(n := next(_numbers)) // 250 % 250}.{n % 250}"
    if _is_right(case, ParameterLocation.PATH) and not _is_linked(case):
        _path(operation, case.path_parameters)
    # The example's key with another body would be refused each time.
    if _is_right(case, ParameterLocation.HEADER) and "idempotency-key" in case.headers:
        case.headers["idempotency-key"] = f"key-{n}"
    # To be waited for takes a second each: some are.
    if _is_right(case, ParameterLocation.HEADER) and n % 10 != 0:
        case.headers.pop("prefer", None)
    if _is_right(case, ParameterLocation.BODY) and isinstance(case.body, dict):
        fix = BODIES.get(operation)
        if fix is not None:
            fix(case.body)
            # Of tasks that were made on the way nobody knows which classes they have.
            if operation == "saveFrame" and _is_linked(case):
                case.body["objects"] = []
    if operation.endswith("Webhook"):
        kwargs["auth"] = _sign


    if operation == "listResultRows" and _is_right(case, ParameterLocation.QUERY) and "frame" in case.query:
        # One of the two.
        case.query.pop("time", None)


def _path(operation, parameters):
    if "task_id" in parameters:
        pool = WORLD["tasks"].get(operation, WORLD["tasks"]["any"])
        parameters["task_id"] = _take(pool, operation)
    if "frame" in parameters:
        parameters["frame"] = _take(FRAMES, "frame")
    if "deployment_id" in parameters:
        parameters["deployment_id"] = WORLD["deployment"]
    if "name" in parameters:
        parameters["name"] = _take(["result.json", "tracks.csv", "annotated.mp4"], "file") if operation == "getResult" else WORLD["completed"]


def _sign(request):
    """As the labeling tools do it, over the bytes that are sent."""
    body = request.body or b""
    body = body.encode() if isinstance(body, str) else body
    request.headers["x-signature-256"] = "sha256=" + hmac.new(WORLD["secret"].encode(), body, hashlib.sha256).hexdigest()
    request.headers["x-actverse-secret"] = WORLD["secret"]
    return request


def _settings(settings):
    settings.pop("upload", None)
    training = settings.get("training") or {}
    training.pop("base_model", None)
    if training.get("task") == "pose":
        training["task"] = "auto"


def _create_task(body):
    # skeleton and flip_idx speak of the keypoints' numbers.
    for name in ("skeleton", "flip_idx"):
        body.pop(name, None)
    _settings(body)
    body.update(file_path=WORLD["video"], user_id="ada")


def _retry(body):
    body["step"] = "preinference"
    settings = body.get("settings")
    if settings is not None:
        _settings(settings)
        settings.pop("file_path", None)


def _save_frame(body):
    body["version"] = 0
    for i, each in enumerate(body["objects"]):
        each.update({"id": f"o{i}", "class": "animal", "box": [1, 2, 30, 40], "keypoints": []})


def _reject(body):
    for each in body["comments"]:
        each["frame"] = 0


def _train(body):
    body["data_path"] = [WORLD["completed"]] if isinstance(body["data_path"], list) else WORLD["completed"]
    if "task_id" in body:
        body["task_id"] = WORLD["completed"]
    _settings({"training": body.get("mode_train_info")})


def _import(body):
    body["file_path"] = WORLD["model"]
    body["name"] = f"brought-{next(_numbers)}"
    for name in ("task_id", "classes", "keypoints", "imgsz"):
        body.pop(name, None)


def _promote(body):
    body.update(to=f"mine-{next(_numbers)}", version=1)


def _label(body):
    for name in ("skeleton", "flip_idx", "task_id"):
        body.pop(name, None)
    body.update(folder_path=f"frames/{WORLD['completed']}/", user_id="ada")


def _infer(body):
    body["data_path"] = WORLD["video"]
    body["outputs"] = ["json", "csv"]
    for name in ("version", "task"):
        body.pop(name, None)


BODIES = {
    "createTask": _create_task,
    "retryTask": _retry,
    "saveFrame": _save_frame,
    "rejectLabels": _reject,
    "approveLabels": lambda body: body.update(allow_partial=True),
    "labelFolder": _label,
    "downloadVideo": lambda body: body.update(file_path=WORLD["video"], download_path=WORLD["folder"]),
    "extractFrames": lambda body: body.update(file_path=WORLD["video"]),
    "uploadFile": lambda body: body.update(file_path=f"inference_results/{WORLD['completed']}/result.json", upload_path=WORLD["folder"]),
    "train": _train,
    "deploy": lambda body: body.update(task_id=WORLD["completed"], model_path=f"train_log/{WORLD['completed']}/model.onnx"),
    "importModel": _import,
    "promoteModel": _promote,
    "rollBackModel": lambda body: body.update(version=1),
    "infer": _infer,
    "signIn": lambda body: body.update(api_key=WORLD["key"]),
    "receiveCvatWebhook": lambda body: body.update(json.loads(WORLD["delivery"])),
    "receiveLabelStudioWebhook": lambda body: body.update(action="PING"),
}

"""What a person does with CVAT's own client (cvat-sdk) in a task that Actverse made: looks at it, labels, accepts, exports.

Usage: cvat-sdk-check.py URL TOKEN TASK_NAME; prints what it saw as JSON.
"""

import json
import sys
import tempfile
import zipfile
from pathlib import Path

from cvat_sdk import make_client, models

POSE = "Ultralytics YOLO Pose 1.0"
CHECK_S = 0.05

url, token, name = sys.argv[1:]
client = make_client(url, access_token=token)
client.config.status_check_period = CHECK_S

task = next(one for one in client.tasks.list() if one.name == name)
labels = {label.name: label for label in task.get_labels()}
jobs = sorted(task.get_jobs(), key=lambda job: job.start_frame)
before = task.get_annotations()

skeleton, box = labels["fly"], labels["fly box"]
points = [(65.0, 20.0, False, False), (69.0, 30.0, True, False), (0.0, 0.0, False, True)]
jobs[0].set_annotations(
    models.LabeledDataRequest(
        shapes=[
            models.LabeledShapeRequest(
                type="rectangle", frame=0, label_id=box.id, points=[60.0, 10.0, 100.0, 50.0], group=1,
                attributes=[models.AttributeValRequest(spec_id=box.attributes[0].id, value="queen")],
            ),
            models.LabeledShapeRequest(
                type="skeleton", frame=0, label_id=skeleton.id, points=[], group=1,
                elements=[
                    models.SubLabeledShapeRequest(type="points", frame=0, label_id=sublabel.id, points=[x, y], occluded=occluded, outside=outside)
                    for sublabel, (x, y, occluded, outside) in zip(skeleton.sublabels, points)
                ],
            ),
        ]
    )
)
jobs[0].update(models.PatchedJobWriteRequest(stage="acceptance"))
jobs[0].update(models.PatchedJobWriteRequest(state="completed"))
issue = client.issues.create(models.IssueWriteRequest(frame=2, position=[0.0, 0.0, 10.0, 10.0], job=jobs[1].id, message="who is this?"))

with tempfile.TemporaryDirectory() as folder:
    archive = Path(folder) / "pose.zip"
    task.export_dataset(POSE, archive, include_images=True, status_check_period=CHECK_S)
    with zipfile.ZipFile(archive) as files:
        names, row = sorted(files.namelist()), files.read("labels/train/00000000.txt").decode().split()
    # The same over the TUS protocol, into a task of its own that is uploaded as the client does it.
    images = []
    with zipfile.ZipFile(archive) as files:
        for image in (one for one in names if one.endswith(".jpg")):
            images.append(Path(files.extract(image, folder)))
    copy = client.tasks.create_from_data(
        models.TaskWriteRequest(name="a copy", project_id=task.project_id, segment_size=2, overlap=0),
        images,
        data_params={"image_quality": 90, "sorting_method": "lexicographical"},
        annotation_path=str(archive),
        annotation_format=POSE,
        status_check_period=CHECK_S,
    )
    copied = copy.get_annotations()

hooks, _ = client.api_client.webhooks_api.list(project_id=task.project_id)
requests, _ = client.api_client.requests_api.list(task_id=task.id, action="create")
print(
    json.dumps(
        {
            "frames": [frame.name for frame in task.get_frames_info()],
            "labels": {label.name: [str(label.type), [sublabel.name for sublabel in label.sublabels]] for label in labels.values()},
            "jobs": [[job.start_frame, job.stop_frame] for job in jobs],
            "prelabels": [[str(shape.type), shape.frame, shape.source, shape.points] for shape in before.shapes],
            "events": [[str(event) for event in hook.events] for hook in hooks.results],
            "requests": [str(one.status) for one in requests.results],
            "comments": [comment.message for comment in issue.get_comments()],
            "exported": names,
            "row": row,
            "copied": [[str(shape.type), len(shape.elements)] for shape in copied.shapes],
        }
    )
)

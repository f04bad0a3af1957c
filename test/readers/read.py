"""Opens result files with other people's readers, for the tests: `read.py KIND FILE [FILE]` prints what it found as JSON.

One process can open several files (KIND FILE KIND FILE ...): starting the readers takes longer than reading.
"""

import json
import logging
import sys
import warnings

warnings.simplefilter("ignore")


def numbers(array):
    """Nested lists; NaN as None, which JSON has."""
    return json.loads(json.dumps(array.tolist()).replace("NaN", "null"))


def movement_logger_off():
    from loguru import logger

    logger.remove()


def dlc(file):
    movement_logger_off()
    from movement.io import load_poses

    ds = load_poses.from_dlc_file(file, fps=None)
    order = ("time", "individuals", "keypoints", "space")
    names = {"individual": "individuals", "keypoint": "keypoints"}
    ds = ds.rename({old: new for old, new in names.items() if old in ds.dims})
    return {
        "individuals": ds.individuals.values.tolist(),
        "keypoints": ds.keypoints.values.tolist(),
        "frames": ds.time.values.tolist(),
        "position": numbers(ds.position.transpose(*order).values),
        "confidence": numbers(ds.confidence.transpose(*order[:3]).values),
    }


def via(file):
    movement_logger_off()
    from movement.io import load_bboxes

    ds = load_bboxes.from_via_tracks_file(file, fps=None, use_frame_numbers_from_file=True)
    ds = ds.rename({"individual": "individuals"} if "individual" in ds.dims else {})
    order = ("time", "individuals", "space")
    return {
        "individuals": ds.individuals.values.tolist(),
        "frames": ds.time.values.tolist(),
        "position": numbers(ds.position.transpose(*order).values),
        "shape": numbers(ds["shape"].transpose(*order).values),
        "confidence": numbers(ds.confidence.transpose(*order[:2]).values),
    }


def parquet(file):
    """Also the same table from the CSV beside it, and whether both are equal to the last bit."""
    import pandas as pd
    import pyarrow.parquet as pq

    meta = pq.ParquetFile(file)
    table = pd.read_parquet(file, engine="pyarrow")
    csv = pd.read_csv(file.replace(".parquet", ".csv"), dtype={"id": str, "class": str}, float_precision="round_trip")
    # A column of whole numbers is read from a CSV as integers: it has no types.
    csv = csv.astype({name: "float64" for name in csv.columns if table[name].dtype == "float64"})
    try:
        pd.testing.assert_frame_equal(table, csv, check_exact=True)
        differs = None
    except AssertionError as error:
        differs = str(error)
    return {
        "columns": {field.name: str(field.type) for field in meta.schema_arrow},
        "rows": len(table),
        "row_groups": meta.metadata.num_row_groups,
        "about": json.loads(meta.metadata.metadata[b"actverse"]),
        "differs_from_csv": differs,
    }


def coco(file):
    """COCO's own reader, and its evaluation of the labels against themselves."""
    import contextlib
    import io

    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(file)
        found = [
            {k: a[k] for k in ("image_id", "category_id", "bbox", "keypoints") if k in a} | {"score": 1.0} for a in truth.anns.values()
        ]
        # The evaluation writes into what it evaluates.
        result = json.loads(json.dumps({"categories": list(truth.cats.values()), "images": list(truth.imgs.values()), "annotations": list(truth.anns.values()), "ap": {}}))
        for kind in ["bbox"] + (["keypoints"] if all("keypoints" in a for a in found) and found else []):
            evaluation = COCOeval(truth, truth.loadRes([dict(a) for a in found]), kind)
            if kind == "keypoints":
                evaluation.params.kpt_oks_sigmas = evaluation.params.kpt_oks_sigmas[: len(found[0]["keypoints"]) // 3]
            evaluation.evaluate()
            evaluation.accumulate()
            evaluation.summarize()
            result["ap"][kind] = float(evaluation.stats[0])
    return result


READERS = {"dlc": dlc, "via": via, "parquet": parquet, "coco": coco}

if __name__ == "__main__":
    logging.disable()
    words = sys.argv[1:]
    print(json.dumps([READERS[kind](file) for kind, file in zip(words[::2], words[1::2], strict=True)]))

"""Measures the peak memory of the copying functions for files of different sizes.

Each handler runs in a fresh process with the deployed function's environment and table. The bucket is the tests' S3
over TLS, which hashes the bytes and does not keep them. The worker of slices copies all slices of the file, one after
the other. Needs Linux, for /proc.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Mapping

from benchmarks import worker
from benchmarks.report import Figure
from benchmarks.stage import Counted
from integration_tests.support.settings import FILES
from integration_tests.support.stack import unique_path
from localcloud.deployed_origins import write_origins
from localcloud.origin import Origin, parse_size
from runtime.adapters.items import download_item
from runtime.logic.copying import plan
from runtime.models import Download, execution_arn_of
from tests.runtime.support.s3_stub import CERTIFICATE, S3Stub, serving_s3

SIZES = ("64MB", "1GB", "4GB")
MAX_KB = 160_000
FLAT_KB = 20_000
SAMPLE_KB, SAMPLE_SHARE = 63_000, 2.1  # the original sample's function: 63 MB and 2.1 times the file


def is_possible() -> bool:
    """Return True if this machine reports the peak memory of a process."""
    return worker.STATUS.exists()


def figures(counted: Counted) -> tuple[list[Figure], dict[str, object]]:
    """Return figures compared with the original sample, the limit and each other, and all values."""
    stream = {size: streamed(counted, size) for size in SIZES}
    slices = {size: sliced(counted, size) for size in SIZES}
    compared = []
    for name, peaks in (("streamed", stream), ("in slices", slices)):
        largest = SIZES[-1]
        sample = SAMPLE_KB + SAMPLE_SHARE * parse_size(largest) / 1000
        spread = max(peaks.values()) - min(peaks.values())
        compared += [
            Figure(f"peak memory, {largest} {name}", peaks[largest] / 1000, sample / 1000, 1, False, "MB", "sample"),
            Figure(f"largest peak, {name}", max(peaks.values()) / 1000, MAX_KB / 1000, 1, False, "MB", "the limit"),
            Figure(f"growth with size, {name}", spread / 1000, FLAT_KB / 1000, 1, False, "MB", "the limit"),
        ]
    return compared, {"streamed_peak_kb": stream, "sliced_peak_kb": slices}


def streamed(counted: Counted, size: str) -> int:
    """Return the peak KB of `copy`."""
    with serving_s3(counted.stack.operator.bucket) as stub:
        arn = _begin(counted, size)
        answers, peak = worker.run("copy", [arn], _environment(counted, "copy", stub, FAN_OUT_BYTES="0"))
        _check(stub, size, answers[0])
    return peak


def sliced(counted: Counted, size: str) -> int:
    """Return the peak KB of `copy_slice` for all slices of the file."""
    with serving_s3(counted.stack.operator.bucket) as stub:
        arn = _begin(counted, size)
        answers, _ = worker.run("copy", [arn], _environment(counted, "copy", stub, FAN_OUT_BYTES=str(plan.MIB)))
        if answers[0]["outcome"] != "PLANNED":
            raise SystemExit(f"The copy of {size} was not planned: {answers[0]}")
        slices = answers[0]["slices"]
        events = [arn | {"slice": index} for index in slices]
        _, peak = worker.run("copy_slice", events, _environment(counted, "copy_slice", stub))
        answers, _ = worker.run("complete", [arn | {"slices": slices}], _environment(counted, "complete", stub))
        _check(stub, size, answers[0])
    return peak


def _begin(counted: Counted, size: str) -> dict[str, str]:
    """Write the item of a download without an execution, and return the event that names it."""
    stack = counted.stack
    path = unique_path(size)
    download_id = path.rpartition("-")[2]
    arn = execution_arn_of(stack.outputs["stateMachineArn"], download_id)
    now = time.time()
    download = Download(arn, download_id, FILES, path, "benchmark", now, now, int(now) + 3600)
    item = download_item(download)
    stack.cloud.client("dynamodb").put_item(TableName=stack.outputs["downloadsTableName"], Item=item)
    return {"executionArn": arn}


def _environment(counted: Counted, key: str, stub: S3Stub, **changes: str) -> dict[str, str]:
    """Return the deployed function's environment with the stub as its S3."""
    cloud = counted.stack.cloud
    function = cloud.client("lambda").get_function_configuration(FunctionName=counted.stack.operator.function_name(key))
    variables: Mapping[str, str] = function["Environment"]["Variables"]
    origins = {FILES: {"base_url": counted.origin.base_url, "allow_http": True}}
    assert cloud.endpoint is not None
    return {
        **variables,
        **write_origins(origins, counted.events.parent),
        "AWS_ENDPOINT_URL": cloud.endpoint,
        "AWS_ENDPOINT_URL_S3": stub.url,
        "AWS_CA_BUNDLE": str(CERTIFICATE),
        "AWS_REGION": cloud.region,
        "AWS_DEFAULT_REGION": cloud.region,
        "AWS_ACCESS_KEY_ID": cloud.access_key_id,
        "AWS_SECRET_ACCESS_KEY": cloud.secret_access_key,
        **changes,
    }


def _check(stub: S3Stub, size: str, answer: Mapping[str, object]) -> None:
    """Exit unless the stored object is the file."""
    crc = 0
    for block in Origin.blocks(0, parse_size(size)):
        crc = zlib.crc32(block, crc)
    stored = list(stub.bucket.objects.values())
    if answer != {"outcome": "STORED"} or len(stored) != 1 or stored[0].crc32 != crc:
        raise SystemExit(f"The copy of {size} did not succeed: {answer}")

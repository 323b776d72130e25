"""Copies a file from an origin into a bucket with plain boto3, in a process of its own.

`python -m benchmarks.rivals ranges|stream THREADS URL ENDPOINT BUCKET KEY`, with AWS keys in its environment, prints
the seconds without the start of Python. `ranges` requests the same ranges as the project's plan and stores each as a
part, in threads; `stream` passes one response of the origin to boto3's `upload_fileobj`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import urllib3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config

from integration_tests.support.clouds import Cloud
from runtime.logic.copying import plan


def seconds(kind: str, threads: int, url: str, cloud: Cloud, bucket: str, key: str) -> float:
    """Run a copy in a process of its own and return its seconds."""
    arguments = [kind, str(threads), url, str(cloud.endpoint), bucket, key]
    keys = {"AWS_ACCESS_KEY_ID": cloud.access_key_id, "AWS_SECRET_ACCESS_KEY": cloud.secret_access_key}
    command = [sys.executable, "-m", "benchmarks.rivals", *arguments]
    done = subprocess.run(command, env={**os.environ, **keys}, check=True, stdout=subprocess.PIPE, text=True)
    return float(done.stdout)


def main(kind: str, threads: str, url: str, endpoint: str, bucket: str, key: str) -> None:
    """Copy the file and print the seconds."""
    pool = urllib3.PoolManager(maxsize=int(threads))
    config = Config(max_pool_connections=int(threads), s3={"payload_signing_enabled": False})
    s3 = boto3.client("s3", "us-east-1", endpoint_url=endpoint, config=config)
    began = time.perf_counter()
    if kind == "ranges":
        _ranges(s3, pool, int(threads), url, {"Bucket": bucket, "Key": key})
    else:
        with pool.request("GET", url, preload_content=False) as answer:
            s3.upload_fileobj(answer, bucket, key, Config=TransferConfig(max_concurrency=int(threads)))
    print(time.perf_counter() - began)


def _ranges(s3: Any, pool: urllib3.PoolManager, threads: int, url: str, target: dict[str, str]) -> None:
    probe = pool.request("GET", url, headers={"Range": "bytes=0-0"})
    cut = plan.plan(int(probe.headers["Content-Range"].rpartition("/")[2]))
    upload = s3.create_multipart_upload(**target, ChecksumAlgorithm="CRC32")["UploadId"]
    stopped = threading.Event()

    def store(number: int) -> dict[str, Any]:
        if stopped.is_set():
            raise InterruptedError
        try:
            body = pool.request("GET", url, headers={"Range": cut.part(number).header}).data
            stored = s3.upload_part(**target, UploadId=upload, PartNumber=number, Body=body, ChecksumAlgorithm="CRC32")
            return {"PartNumber": number, "ETag": stored["ETag"], "ChecksumCRC32": stored["ChecksumCRC32"]}
        except BaseException:
            stopped.set()
            raise

    with ThreadPoolExecutor(threads) as workers:
        parts = list(workers.map(store, range(1, cut.part_count + 1)))
    s3.complete_multipart_upload(**target, UploadId=upload, MultipartUpload={"Parts": parts})


if __name__ == "__main__":
    main(*sys.argv[1:])

"""A strict S3 server over TLS for the calls that copying makes.

It counts and hashes request bodies and keeps none of them, so that gigabytes cost no memory. Unlike the emulator, it
checks aws-chunked encoding and trailers, checksums and their types, part sizes, numbers and order, MpuObjectSize and
If-None-Match, and it refuses a streamed body that the SDK sends a second time. `S3Stub.faults` makes calls fail.
"""

from tests.runtime.support.s3_stub.faults import Faults
from tests.runtime.support.s3_stub.server import CERTIFICATE, S3Stub, serving_s3
from tests.runtime.support.s3_stub.stored import StoredObject

__all__ = ["CERTIFICATE", "Faults", "S3Stub", "StoredObject", "serving_s3"]

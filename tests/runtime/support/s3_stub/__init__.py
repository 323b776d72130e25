"""S3 over TLS, as strict as the real one where the emulator is not, for the calls that copying makes.

It counts and hashes what it is given and keeps none of it, so that gigabytes cost no memory. It is strict about TLS,
aws-chunked and its trailers, checksums and their types, part sizes, numbers and order, MpuObjectSize, If-None-Match,
and a streamed body that the SDK sends a second time. What should go wrong is asked for with `S3Stub.faults`.
"""

from tests.runtime.support.s3_stub.faults import Faults
from tests.runtime.support.s3_stub.server import CERTIFICATE, S3Stub, serving_s3
from tests.runtime.support.s3_stub.stored import StoredObject

__all__ = ["CERTIFICATE", "Faults", "S3Stub", "StoredObject", "serving_s3"]

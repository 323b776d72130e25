"""From S3 to the disk: several ranges at once, resumed after whatever interrupts, verified."""

__all__: list[str] = []

"""The component for programs in every Pulumi language."""

from importlib.metadata import version

from async_download import AsyncDownload
from pulumi.provider.experimental import component_provider_host

if __name__ == "__main__":
    component_provider_host([AsyncDownload], name="async-download", version=version("async-download"))

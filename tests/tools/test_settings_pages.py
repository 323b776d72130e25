"""Files that come from the declarations of the settings are those checked in."""

from __future__ import annotations

import pytest
from async_download.settings import Settings
from async_download.settings.setting import declared

from tools import component_args, settings_pages
from tools.page_blocks import replace_blocks

HINT = "run: make docs"


def test_the_types_of_the_arguments() -> None:
    assert component_args.MODULE.read_text(encoding="utf-8") == component_args.source(), HINT


def test_the_configuration_of_the_program() -> None:
    project = settings_pages.PROJECT.read_text(encoding="utf-8")
    assert settings_pages.project_with_config(project) == project, HINT


def test_the_page_of_all_settings() -> None:
    page = settings_pages.PAGE.read_text(encoding="utf-8")
    assert replace_blocks(page, settings_pages.blocks()) == page, HINT


def test_a_setting_is_found_by_its_path() -> None:
    concurrency = settings_pages.setting_at("copying.concurrency")
    assert (concurrency.default, concurrency.allowed) == (8, "1 to 1000")
    assert settings_pages.setting_at("auth.apiKeys").named
    with pytest.raises(KeyError):
        settings_pages.setting_at("copying.concurency")


def test_a_row_shows_type_default_allowed_values_and_description() -> None:
    row = settings_pages.row("observability.tracing", declared(declared(Settings)["observability"].members)["tracing"])  # type: ignore[arg-type]
    assert row.startswith("| `observability.tracing` | boolean | `true` |  | Whether X-Ray traces")

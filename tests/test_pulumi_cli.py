"""Getting Pulumi's CLI from its download site."""

from __future__ import annotations

import urllib.error
from typing import Any

import pytest
from pulumi.automation import PulumiCommand

from tools import pulumi_cli


def test_a_site_that_cannot_be_reached_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def install(**_: Any) -> None:
        raise urllib.error.URLError("no such host")

    monkeypatch.setattr(PulumiCommand, "install", install)
    assert pulumi_cli.main("3.255.0") == 1
    assert "Pulumi 3.255.0 cannot be downloaded here" in capsys.readouterr().err


def test_the_version_that_is_asked_for_goes_where_the_suite_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []
    monkeypatch.setattr(PulumiCommand, "install", lambda **given: asked.append(given))
    assert pulumi_cli.main("3.255.0") == 0
    (given,) = asked
    assert given["root"].endswith(".tools/pulumi")
    assert str(given["version"]) == "3.255.0"

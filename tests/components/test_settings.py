"""Defaults, and every way in which a setting can be wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from operator import attrgetter
from typing import Any

import pulumi
import pytest
from async_download import AsyncDownloadArgs, InvalidSetting
from async_download.settings import Settings, resolve
from async_download.settings.setting import nearest, paths

from localcloud.config import nested
from tests.components.support.declarations import DECLARED, FLAGS, NUMBERS, WITH_ZERO
from tests.components.support.harness import COMPONENT, ORIGINS, Cloud, deploy

PARAMETER = "arn:aws:ssm:eu-west-1:123456789012:parameter/certificates/internal-ca"
SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:reports-a1B2c3"


def settings(args: Mapping[str, Any] | None = None) -> Settings:
    return resolve("files", nested({"origins": ORIGINS, **(args or {})}))


def origin(**fields: Any) -> dict[str, Any]:
    return {"origins": {"reports": {"base_url": "https://reports.example.com/"} | fields}}


class Refusing(Cloud):
    """Nothing but the component itself may be registered."""

    def new_resource(self, args: Any) -> tuple[str | None, dict[str, Any]]:
        assert args.typ == COMPONENT, args.typ
        return super().new_resource(args)


def outside() -> Iterator[tuple[str, Any]]:
    """Yield each number just outside its limits, and of the wrong type."""
    for setting, (_, low, high) in NUMBERS.items():
        below = -1 if low == 1 and setting in WITH_ZERO else low - 1
        for value in (below, -1, high + 1, low + 0.5, str(low), True):
            yield setting, value


WRONG_VALUES: dict[str, list[Any]] = {
    **{setting: ["true", 1, ""] for setting in FLAGS},
    "observability.log_retention_days": [8],
    "observability.log_group_prefix": ["aws/files", "/company/", "/", "/a b", "/a*", "x" * 257, 7],
    "observability.event_bus": [
        "",
        "a b",
        "x" * 257,
        7,
        "arn:aws:events:eu-west-1:123456789012:rule/a",
        "arn:aws:events:eu-west-1:12345:event-bus/a",
        "arn:aws:events:eu-west-1:123456789012:event-bus/",
        "https://events.eu-west-1.amazonaws.com/",
    ],
    "observability.alarms": ["on", 1],
    "observability.alarms.topic_arn": [
        "operators",
        7,
        "arn:aws:sns:eu-west-1:12345:operators",
        "arn:aws:sns:eu-west-1:123456789012:operators.fifo",
        "arn:aws:sqs:eu-west-1:123456789012:operators",
    ],
    "observability.alarms.topic": ["arn:aws:sns:eu-west-1:123456789012:operators"],
    "copying.slice_threshold_mb": [63],
    "copying.reuse_seconds": [59, 6 * 86_400],
    "websocket.idle_timeout_seconds": [9],
    "auth.type": ["open"],
    "copying.reserved_concurrency": [-1],
    "copying.slice_reserved_concurrency": [7],
    "cloud.slice_execution_type": ["express"],
    "auth.api_keys": [{"reporting": {}}],
    "api.cors_origins": [
        "https://app.example.com",
        ["https://app.example.com/"],
        ["app.example.com"],
        ["https://*.example.com"],
        ["https://app.example.com' 'x"],
        ["null"],
        [7],
        ["*", "https://app.example.com"],
        [f"https://{'a' * 80}{number}.example.com" for number in range(10)],
    ],
    "api.stage_name": ["$default", "", "v" * 65],
    "storage.prefix": ["downloads", "/downloads/", "", "a*/", "a/../", "./", "${aws:userid}/", "d" * 256 + "/"],
    "name_prefix": ["1shop", "shop.files"],
    "cloud.execute_api_url": ["localhost:4566", "http://user@localhost"],
    "storage.bucket": ["Reports", "s3://reports", ""],
    "tags": [{"aws:mine": "x"}, {"a\nb": "x"}, ["team"], {f"k{number}": "" for number in range(41)}, 7],
    "max_conections": [5],
    "restAuth": ["iam"],
    "copying": [8],
    "origins": [None, {}, "https://reports.example.com/", {"a b": {"base_url": "https://reports.example.com/"}}],
}
WRONG_ORIGINS: dict[str, list[Any]] = {
    "base_url": [
        "http://reports.example.com/",
        "https://",
        "https://me:pw@reports.example.com/",
        "https://reports.example.com/?a=b",
        "https://reports.example.com/#a",
        "https://reports.example.com:0/",
        "https://reports.example.com:http/",
        "https://reports.example.com/a b",
        "https://reports.example.com/\r\nHost: x",
        *(
            f"https://reports.example.com/{path}"
            for path in ("a/../b/", "a/%2e%2e/b/", "a%2f..%2fb/", "a\\b/", "100%/", "a/..;x/", "%c0%ae%c0%ae/")
        ),
        7,
    ],
    "default_path": [
        *("//latest.csv", "../latest.csv", "..%2flatest.csv", "https://elsewhere.example.com/x", "", "a\\b"),
        *("a/..;x", "a#b", "a\nb", "100%.csv", "a%2Fb", "x" * 2049, 7),
    ],
    "encoded_slashes": ["yes"],
    "allow_http": ["yes"],
    "secret_headers": [{"Range": SECRET}, {"host": SECRET}, {"A B": SECRET}, [SECRET]],
    "ca_bundle": [SECRET[:-7], PARAMETER + "*", "-----BEGIN CERTIFICATE-----", {"arn": SECRET}],
    "redirects": ["none", "Host", True, ["any"], 1],
    "redirect_hosts": [
        "store.example.com",
        {"store.example.com": ""},
        ["https://store.example.com"],
        ["store.example.com:443"],
        ["store.example.com/x"],
        ["user@store.example.com"],
        ["*.example.com"],
        ["store..example.com"],
        [".example.com"],
        ["-store.example.com"],
        ["st\u00f6re.example.com"],
        ["store.example.com\n"],
        ["a." * 127 + "example"],
        ["x" * 64 + ".example.com"],
        *([item] for item in ("", 7, True, None)),
    ],
    "allow_private": [
        "10.0.0.0/8",
        True,
        *([block] for block in ("10.0.0.1/8", "0.0.0.0/0", "8.8.8.0/24", "127.0.0.0/8", "169.254.169.254/32")),
        *([block] for block in ("fd00:ec2::254/128", "fc00::/7", "64:ff9b::/96")),
    ],
}
NETWORK: dict[str, Any] = {"vpc.subnet_ids": ["subnet-0a1b2c3d"], "vpc.security_group_ids": ["sg-0a1b2c3d"]}
WRONG_NETWORKS: dict[str, list[Any]] = {
    "vpc.subnet_ids": [[], "subnet-0a1b2c3d", ["sg-0a1b2c3d"], ["subnet-0a1b2c3d"] * 17],
    "vpc.security_group_ids": [None, ["default"]],
}
WRONG_API_KEYS: list[Any] = ["reporting", {"Reporting": {}}, {"": {}}, {f"key-{at}": {} for at in range(51)}]
UNCOUNTED: dict[str, Any] = {  # alarms without the metrics that two of them watch
    "observability.alarms.topic_arn": "arn:aws:sns:eu-west-1:123456789012:operators",
    "observability.metrics": False,
}
WRONG: list[tuple[str, dict[str, Any]]] = [
    *((setting, {setting: value}) for setting, value in outside()),
    *((setting, {setting: value}) for setting, values in WRONG_VALUES.items() for value in values),
    *(
        (f"origins.reports.{field}", origin(**{field: value}))
        for field, values in WRONG_ORIGINS.items()
        for value in values
    ),
    *(
        ("origins.reports.secret_headers.Authorization", origin(secret_headers={"Authorization": value}))
        for value in ("Bearer abc", SECRET[:-7], PARAMETER, SECRET + "*")
    ),
    *(("auth.api_keys", {"auth.api_keys": value, "auth.type": "api_key"}) for value in WRONG_API_KEYS),
    *(
        (f"auth.api_keys.reporting.{field}", {"auth.api_keys": {"reporting": {field: value}}, "auth.type": "api_key"})
        for field, value in (("rate", 0), ("burst", 5001), ("requests_per_day", -1), ("requests", 1))
    ),
    *((setting, NETWORK | {setting: value}) for setting, values in WRONG_NETWORKS.items() for value in values),
    ("limits.daily_mb_per_caller", {"limits.daily_mb_per_caller": 1, "limits.max_downloads_per_caller": 0}),
    (
        "retention.download_expires_seconds",
        {"retention.download_expires_seconds": 86_400, "retention.object_expiration_days": 1},
    ),
    ("copying.slice_reserved_concurrency", {"copying.slice_reserved_concurrency": 8, "copying.concurrency": 9}),
    ("observability.alarms.failed_downloads", UNCOUNTED),
    ("observability.alarms.missed_messages", UNCOUNTED | {"observability.alarms.failed_downloads": 0}),
    ("api.web_page", {"api.web_page": True}),
    ("api.web_page", {"api.web_page": True, "auth.type": "iam"}),
    ("tags.team", {"tags": {"team": 7}}),
    ("tags.team", {"tags": {"team": "x" * 257}}),
    ("copying.memoryMb", {"copying": {"memoryMb": 2048}}),
    ("origins.reports", {"origins": {"reports": "https://reports.example.com/"}}),
    ("origins.reports.baseUrl", {"origins": {"reports": {"baseUrl": "https://reports.example.com/"}}}),
    ("origins.reports.base_url", {"origins": {"reports": {}}}),
    ("origins.reports.base_url", origin(base_url="ftp://reports.example.com/", allow_http=True)),
    ("origins.reports.default_path", origin(default_path="a%2F..", encoded_slashes=True)),
    ("origins.reports.redirect_hosts", origin(redirects="base", redirect_hosts=["store.example.com"])),
]


@pytest.mark.parametrize(("setting", "args"), WRONG, ids=[f"{name}-{at}" for at, (name, _) in enumerate(WRONG)])
def test_a_wrong_value_is_refused_with_a_sentence(setting: str, args: dict[str, Any]) -> None:
    with pytest.raises(InvalidSetting) as refused:
        settings(args)
    message = str(refused.value)
    assert refused.value.setting == setting
    assert message.startswith(setting)
    assert "not allowed" in message
    assert refused.value.allowed in message


def test_alarms_without_metrics_of_the_functions_are_accepted_when_none_watches_them() -> None:
    off = {"observability.alarms.failed_downloads": 0, "observability.alarms.missed_messages": 0}
    assert settings(UNCOUNTED | off).observability.alarms.topic_arn
    assert settings({"observability.metrics": False}).observability.alarms.failed_downloads == 1


def test_the_sentence_names_setting_value_and_what_is_allowed() -> None:
    with pytest.raises(InvalidSetting) as refused:
        settings({"retention.url_expires_seconds": 20})
    assert str(refused.value) == (
        "retention.url_expires_seconds (retention.urlExpiresSeconds) is 20, which is not allowed: "
        "a whole number from 60 to 900."
    )


def test_an_unknown_key_is_refused_with_the_nearest_setting() -> None:
    with pytest.raises(InvalidSetting, match=r"max_downloads_per_calle.*nearest is limits.max_downloads_per_caller"):
        settings({"max_downloads_per_calle": 5})
    with pytest.raises(InvalidSetting, match=r"copying.tracing.*nearest is observability.tracing"):
        settings({"copying.tracing": True})
    with pytest.raises(InvalidSetting, match=r"origins\.reports\.baseUrl.*nearest is origins\.reports\.base_url"):
        settings({"origins": {"reports": {"baseUrl": "https://reports.example.com/"}}})
    with pytest.raises(InvalidSetting, match=r"auth.api_keys.batch.rates.*nearest is auth.api_keys.batch.rate"):
        settings({"auth.type": "api_key", "auth.api_keys": {"batch": {"rates": 1}}})


def test_a_setting_is_the_nearest_to_itself() -> None:
    assert [nearest(path, paths(Settings)) for path in paths(Settings)] == paths(Settings)


def test_credentials_in_a_url_are_not_repeated() -> None:
    with pytest.raises(InvalidSetting) as refused:
        settings(origin(base_url="https://me:hunter2@reports.example.com/"))
    assert "hunter2" not in str(refused.value)


def test_a_space_in_a_url_is_named() -> None:
    with pytest.raises(InvalidSetting, match="in ASCII without spaces"):
        settings(origin(base_url="https://reports.example.com/a b/"))


def test_a_computed_value_is_checked_when_it_is_known() -> None:
    with pytest.raises(ValueError, match=r"origins\.reports\.base_url .*needs allow_http"):
        deploy(lambda: origin(base_url=pulumi.Output.from_input("http://reports.example.com/")))


def test_a_wrong_setting_fails_before_any_resource_exists() -> None:
    cloud = Refusing()
    with pytest.raises(InvalidSetting):
        deploy({"websocket.max_connections_per_download": 0}, cloud=cloud)


def test_defaults() -> None:
    resolved = settings()
    for path, setting in DECLARED.items():
        if path not in ("origins", "name_prefix", "tags"):
            assert attrgetter(path)(resolved) == setting.default, path


def test_none_means_not_set() -> None:
    for path in paths(Settings):
        if path != "origins" and not path.startswith("auth.authorizer."):  # an object without fields is refused
            assert settings({path: None}) == settings(), path


@pytest.mark.parametrize("setting", NUMBERS)
def test_both_ends_of_a_range_are_allowed_and_floats_of_other_languages_are_numbers(setting: str) -> None:
    _, low, high = NUMBERS[setting]
    other: dict[str, Any] = {
        "retention.download_expires_seconds": {"retention.object_expiration_days": 3650},
        "copying.reuse_seconds": {"retention.object_expiration_days": 3650},
        "retention.object_expiration_days": {"retention.download_expires_seconds": 300},
        "copying.slice_reserved_concurrency": {"copying.concurrency": 1},
    }.get(setting, {})
    for number in (low, float(high), *([0] if setting in WITH_ZERO else [])):
        resolved = attrgetter(setting)(settings({**other, setting: number}))
        assert resolved == number
        assert isinstance(resolved, int)


def test_there_are_at_most_fifteen_settings_at_the_top() -> None:
    assert len(AsyncDownloadArgs.__annotations__) <= 15


def test_a_complete_origin_is_accepted() -> None:
    resolved = settings(
        origin(
            default_path="latest.csv?version=2",
            secret_headers={"Authorization": SECRET},
            ca_bundle=PARAMETER,
            allow_private=["10.20.0.0/16", "fd12:3456::/48"],
            allow_http=True,
            base_url="http://reports.internal:8080/exports",
            redirects="any",
            redirect_hosts=["Store.internal.", "10.20.0.7", "fd12:3456:0::7"],
        )
    ).origins["reports"]
    assert resolved.allow_private == ("10.20.0.0/16", "fd12:3456::/48")
    assert resolved.secret_headers == {"Authorization": SECRET}
    assert resolved.ca_bundle == PARAMETER
    assert resolved.redirects == "any"
    assert resolved.redirect_hosts == ("store.internal", "10.20.0.7", "fd12:3456::7")


def test_functions_are_told_of_origins_in_a_fixed_order() -> None:
    both = {name: {"base_url": f"https://{name}.example.com/"} for name in ("b", "a")}
    backwards = dict(reversed(both.items()))
    deployments = [deploy({"origins": origins}) for origins in (both, backwards)]
    copies = [deployment.resource("lambda/function:Function", "copy") for deployment in deployments]
    assert [list(copy.origins) for copy in copies] == [["a", "b"], ["a", "b"]]

"""The page as the stack itself serves it: the API is beside it, and nothing has to be filled in but the file."""

from __future__ import annotations

from integration_tests.page.conftest import Open
from integration_tests.page.test_getting import ALL_DONE
from integration_tests.support.stack import Stack, unique_path
from localcloud.origin import Origin


def test_it_gets_a_file(visit: Open, page_stack: Stack, key: str) -> None:
    page = visit(page_stack.outputs["webPageUrl"]).open(origin="files", path=unique_path("2MB"))
    assert page.part("api").input_value() == page_stack.outputs["apiUrl"]
    page.ask(key=key).sees("headline", "Saved")
    assert page.stages() == ALL_DONE
    assert page.saved() == Origin.content(2 * 10**6)


def test_it_says_that_a_key_is_wrong(visit: Open, page_stack: Stack) -> None:
    page = (
        visit(page_stack.outputs["webPageUrl"]).open().ask(origin="files", path=unique_path("1"), key="wrong-key" * 3)
    )
    page.sees("headline", "It did not work").reads("failure", "Check the API key")


def test_nobody_puts_it_into_a_frame(visit: Open, page_stack: Stack) -> None:
    """Or a click could be stolen."""
    page = visit()
    with page.page.expect_console_message(lambda said: "frame-ancestors 'none'" in said.text):
        page.page.set_content(f'<iframe src="{page_stack.outputs["webPageUrl"]}"></iframe>')
    assert page.page.frame_locator("iframe").locator("#ask").count() == 0
    page.complaints.clear()

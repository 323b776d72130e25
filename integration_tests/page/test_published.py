"""The page as the stack itself serves it, with the API in its config."""

from __future__ import annotations

from integration_tests.page.conftest import Open
from integration_tests.page.visit import ALL_DONE
from integration_tests.support.stack import Stack, unique_path
from localcloud.origin import Origin


def test_a_file_is_saved(visit: Open, page_stack: Stack, key: str) -> None:
    page = visit(page_stack.outputs["webPageUrl"]).open(origin="files", path=unique_path("2MB"))
    assert page.part("api").input_value() == page_stack.outputs["apiUrl"]
    page.submit(key=key).expect_text("headline", "Saved")
    assert page.stages() == ALL_DONE
    assert page.saved() == Origin.content(2 * 10**6)


def test_a_wrong_key_is_explained(visit: Open, page_stack: Stack) -> None:
    page = (
        visit(page_stack.outputs["webPageUrl"])
        .open()
        .submit(origin="files", path=unique_path("1"), key="wrong-key" * 3)
    )
    page.expect_text("headline", "It did not work").expect_contains("failure", "Check the API key")


def test_the_page_cannot_be_framed(visit: Open, page_stack: Stack) -> None:
    """Otherwise another page could steal clicks."""
    page = visit()
    with page.page.expect_console_message(lambda message: "frame-ancestors 'none'" in message.text):
        page.page.set_content(f'<iframe src="{page_stack.outputs["webPageUrl"]}"></iframe>')
    assert page.page.frame_locator("iframe").locator("#ask").count() == 0
    page.errors.clear()

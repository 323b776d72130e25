"""Tests of the end-to-end suite with LocalStack's Step Functions and moto's DynamoDB.

Imported here, they get the fixture `cloud` of this folder's `conftest.py`.
"""

from integration_tests.test_abuse import test_invalid_messages_of_many_clients_are_all_answered
from integration_tests.test_actions import test_an_invalid_message_gets_an_error_and_the_connection_stays
from integration_tests.test_cancelling import (
    test_delete_during_the_copy_cancels_and_aborts_the_upload,
)
from integration_tests.test_connecting import (
    test_a_client_that_reconnects_after_the_end_gets_ready,
    test_a_reconnected_client_gets_ready_again,
    test_two_clients_of_one_download_both_get_ready,
)
from integration_tests.test_failing import (
    test_a_failing_origin_fails_the_download_with_its_code,
    test_a_failure_is_reported_to_a_late_connection_and_over_rest,
)
from integration_tests.test_fan_out import (
    test_a_file_that_changes_between_slices_is_copied_without_ranges,
    test_only_numbers_of_slices_pass_through_the_state_machine,
)
from integration_tests.test_files import test_bytes_and_checksums_are_right
from integration_tests.test_leaving import (
    test_a_client_gets_ready_after_another_has_left,
    test_items_are_deleted_when_the_client_closes,
)
from integration_tests.test_requesting import (
    test_the_same_idempotency_key_returns_the_same_download_and_another_ticket,
)
from integration_tests.test_reuse import (
    test_a_finished_copy_is_reused,
    test_a_request_during_the_copy_waits_for_it,
)

__all__ = [
    "test_a_client_gets_ready_after_another_has_left",
    "test_a_client_that_reconnects_after_the_end_gets_ready",
    "test_a_failing_origin_fails_the_download_with_its_code",
    "test_a_failure_is_reported_to_a_late_connection_and_over_rest",
    "test_a_file_that_changes_between_slices_is_copied_without_ranges",
    "test_a_finished_copy_is_reused",
    "test_a_reconnected_client_gets_ready_again",
    "test_a_request_during_the_copy_waits_for_it",
    "test_an_invalid_message_gets_an_error_and_the_connection_stays",
    "test_bytes_and_checksums_are_right",
    "test_delete_during_the_copy_cancels_and_aborts_the_upload",
    "test_invalid_messages_of_many_clients_are_all_answered",
    "test_items_are_deleted_when_the_client_closes",
    "test_only_numbers_of_slices_pass_through_the_state_machine",
    "test_the_same_idempotency_key_returns_the_same_download_and_another_ticket",
    "test_two_clients_of_one_download_both_get_ready",
]

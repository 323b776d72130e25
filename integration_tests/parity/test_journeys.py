"""Journeys of the end-to-end suite with Step Functions by LocalStack and DynamoDB by moto.

The tests are the suite's own: imported here, they get the `cloud` of this folder's `conftest.py`.
"""

from integration_tests.test_abuse import test_many_clients_that_say_nonsense_are_all_answered
from integration_tests.test_actions import test_whatever_is_not_understood_is_answered_and_the_connection_stays
from integration_tests.test_cancelling import (
    test_delete_cancels_in_the_middle_and_drops_the_upload,
)
from integration_tests.test_connecting import (
    test_one_who_dropped_before_the_end_is_told_when_back,
    test_one_who_drops_and_reconnects_is_told_again,
    test_two_clients_of_one_download_are_both_told,
)
from integration_tests.test_failing import (
    test_a_failing_origin_is_told,
    test_a_failure_is_told_to_one_who_connects_late_and_over_rest,
)
from integration_tests.test_fan_out import (
    test_a_file_that_changes_between_slices_is_never_mixed,
    test_only_numbers_of_slices_pass_through_the_state_machine,
)
from integration_tests.test_files import test_bytes_and_checksums_are_right
from integration_tests.test_leaving import (
    test_one_of_two_clients_leaves_and_the_other_is_told,
    test_rows_are_gone_when_the_client_closes,
)
from integration_tests.test_requesting import (
    test_the_same_idempotency_key_gives_the_same_download_and_another_ticket,
)
from integration_tests.test_reuse import (
    test_a_copy_that_is_there_is_handed_out_again,
    test_who_asks_while_it_is_copied_waits_for_that_copy,
)

__all__ = [
    "test_a_copy_that_is_there_is_handed_out_again",
    "test_a_failing_origin_is_told",
    "test_a_failure_is_told_to_one_who_connects_late_and_over_rest",
    "test_a_file_that_changes_between_slices_is_never_mixed",
    "test_bytes_and_checksums_are_right",
    "test_delete_cancels_in_the_middle_and_drops_the_upload",
    "test_many_clients_that_say_nonsense_are_all_answered",
    "test_one_of_two_clients_leaves_and_the_other_is_told",
    "test_one_who_dropped_before_the_end_is_told_when_back",
    "test_one_who_drops_and_reconnects_is_told_again",
    "test_only_numbers_of_slices_pass_through_the_state_machine",
    "test_rows_are_gone_when_the_client_closes",
    "test_the_same_idempotency_key_gives_the_same_download_and_another_ticket",
    "test_two_clients_of_one_download_are_both_told",
    "test_whatever_is_not_understood_is_answered_and_the_connection_stays",
    "test_who_asks_while_it_is_copied_waits_for_that_copy",
]

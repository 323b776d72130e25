"""`make test-mutation`: deploy a stack, remove its permissions one by one, and compare the results with the page."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from integration_tests.mutation import decision_recorder, results_page
from integration_tests.mutation.decision_log import DecisionLog
from integration_tests.mutation.results_page import Results
from integration_tests.mutation.runs import MutationRun, Result
from integration_tests.support.clouds import RETRY_WAITS, Cloud, emulated
from integration_tests.support.engines import Engine, deployed
from integration_tests.support.event_queue import event_queue
from integration_tests.support.settings import FILES, GUARDED, config_for, origins_for
from integration_tests.support.stack import Stack
from localcloud.emulator import Emulator
from localcloud.origin import Origin

RECORDER = Path(decision_recorder.__file__)
MIN_SHARE = 0.95
NETWORK = {
    "vpc.subnetIds": ["subnet-01234567"],
    "vpc.securityGroupIds": ["sg-01234567"],
}  # needs permissions of its own


def main() -> int:
    """Return the exit code: 0 when docs/mutation.md is true and enough removals are missed."""
    parser = argparse.ArgumentParser(prog="python -m integration_tests.mutation", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write docs/mutation.md instead of comparing with it")
    parser.add_argument("--role", help="only this role; the rows of the others stay")
    options = parser.parse_args()
    start = time.monotonic()
    before = results_page.read(results_page.PAGE.read_text(encoding="utf-8"))
    with _stack() as (stack, decisions):
        run = MutationRun(stack, decisions)
        for complete in run.run_all_journeys():
            _print(f"with all permissions  {complete.seconds:4.1f} s  {complete.journey.id}")
        results = []
        for policy, mutant in run.mutants():
            if options.role in (None, policy.key):
                results.append(run.run_mutant(policy, mutant, before.killed.get(mutant)))
                _print_result(results[-1])
    tables = Results(
        killed={result.mutant: result.failed_journey for result in results if result.failed_journey},
        survived={result.mutant: result.reason for result in results if result.enforced and not result.failed_journey},
        unenforced={result.mutant: result.reason for result in results if not result.enforced},
    )
    if options.role:
        tables = results_page.merged(before, tables, options.role)
    return _report(tables, time.monotonic() - start, write=options.write)


def _report(results: Results, seconds: float, *, write: bool) -> int:
    enforced = len(results.killed) + len(results.survived)
    _print(f"{len(results.killed)} / {enforced} removals are missed ({results.share:.0%}), in {seconds:.0f} s.")
    _print(f"{len(results.unenforced)} more are not enforced by the emulator: the static proof has them.")
    if results.share < MIN_SHARE:
        _print(f"Fewer than {MIN_SHARE:.0%}: remove the unused permissions, or add a journey that uses them.")
        return 1
    before = results_page.PAGE.read_text(encoding="utf-8")
    after = results_page.rewritten(before, results)
    if write:
        results_page.PAGE.write_text(after, encoding="utf-8")
    elif before != after:
        _print("docs/mutation.md differs. If this run is right: make test-mutation WRITE=1")
        return 1
    return 0


@contextmanager
def _stack() -> Iterator[tuple[Stack, DecisionLog]]:
    """Deploy the stack of the end-to-end suite with an origin that needs two secrets; record IAM's decisions."""
    with tempfile.TemporaryDirectory() as folder, Origin() as origin:
        log = Path(folder) / "emulator.log"
        with Emulator(log_path=log, env={"SFN_WAIT_SCALE": RETRY_WAITS}, observe=True, observer=RECORDER) as emulator:
            cloud = emulated(emulator)
            with origins_for(cloud, origin.base_url, None) as origins, event_queue(cloud) as end_events:
                origins[GUARDED] = origins[FILES] | {"secretHeaders": _secrets(cloud)}
                config = config_for(
                    cloud,
                    origins,
                    {"auth.type": "none", "copying.sliceThresholdMb": 64, "copying.reuseSeconds": 600, **NETWORK}
                    | {"observability.eventBus": end_events.bus},
                )
                with deployed(Engine.EMBEDDED, cloud, "mutation", config, lambda: False) as deployment:
                    stack = Stack(cloud, deployment.outputs, origin=FILES, origin_requests=origin.requests)
                    stack.end_events = end_events
                    yield stack, DecisionLog(emulator.events_path)


def _secrets(cloud: Cloud) -> dict[str, str]:
    """Create two secrets; return header -> ARN."""
    secrets = cloud.client("secretsmanager")
    return {
        header: secrets.create_secret(Name=f"mutation/{header}", SecretString=f"value-of-{header}")["ARN"]
        for header in ("X-Key", "X-Other-Key")
    }


def _print_result(result: Result) -> None:
    mutant = result.mutant
    outcome = "missed" if result.failed_journey else "NOT MISSED" if result.enforced else "not enforced"
    detail = result.failed_journey or result.reason
    _print(f"{outcome:12}  {mutant.role} without {mutant.statement}, {mutant.without}: {detail}")


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())

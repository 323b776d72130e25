"""`make test-mutation`: deploy a stack, take its rights away one by one, and compare what is missed with the page."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from integration_tests.mutation import page
from integration_tests.mutation.hunt import Hunt, Verdict, title
from integration_tests.mutation.witness import Witness
from integration_tests.support.clouds import RETRY_WAITS, Cloud, emulated
from integration_tests.support.engines import Engine, deployed
from integration_tests.support.settings import FILES, GUARDED, config_for, origins_for
from integration_tests.support.stack import Stack
from localcloud.emulator import Emulator
from localcloud.origin import Origin

JUDGE = Path(__file__).with_name("judge.py")
LEAST = 0.95
NETWORK = {
    "vpcSubnetIds": ["subnet-01234567"],
    "vpcSecurityGroupIds": ["sg-01234567"],
}  # so that their rights are there


def main() -> int:
    """Exit code: 0 when the page is true and enough is missed."""
    parser = argparse.ArgumentParser(prog="python -m integration_tests.mutation", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write docs/mutation.md instead of comparing with it")
    parser.add_argument("--role", help="only this role; what the page says of the others stays")
    options = parser.parse_args()
    began = time.monotonic()
    before = page.read(page.PAGE.read_text())
    with _stack() as (stack, witness):
        hunt = Hunt(stack, witness)
        for walk in hunt.walk():
            _say(f"with every right  {walk.seconds:4.1f} s  {title(walk.journey)}")
        verdicts = []
        for policy, mutant in hunt.mutants():
            if options.role in (None, policy.key):
                verdicts.append(hunt.try_(policy, mutant, before.killed.get(mutant)))
                _tell(verdicts[-1])
    found = page.Found(
        killed={each.mutant: each.killer for each in verdicts if each.killer},
        survived={each.mutant: each.because for each in verdicts if not each.killer and each.enforced},
        unenforced={each.mutant: each.because for each in verdicts if not each.enforced},
    )
    if options.role:
        found = page.merged(before, found, options.role)
    return _report(found, time.monotonic() - began, write=options.write)


def _report(found: page.Found, seconds: float, *, write: bool) -> int:
    enforced = len(found.killed) + len(found.survived)
    _say(f"{len(found.killed)} / {enforced} removals are missed ({found.share:.0%}), in {seconds:.0f} s.")
    _say(f"{len(found.unenforced)} more are not the emulator's to enforce: the static proof has them.")
    if found.share < LEAST:
        _say(f"Fewer than {LEAST:.0%}: remove the rights that nobody misses, or add a journey that does.")
        return 1
    before = page.PAGE.read_text()
    after = page.rewritten(before, found)
    if write:
        page.PAGE.write_text(after)
    elif before != after:
        _say("docs/mutation.md says something else. If this is right: make test-mutation WRITE=1")
        return 1
    return 0


@contextmanager
def _stack() -> Iterator[tuple[Stack, Witness]]:
    """The stack of the end-to-end suite, and an origin that wants two secrets, on an emulator that is listened to."""
    with tempfile.TemporaryDirectory() as folder, Origin() as origin:
        log = Path(folder) / "emulator.log"
        with Emulator(log_path=log, env={"SFN_WAIT_SCALE": RETRY_WAITS}, observe=True, observer=JUDGE) as emulator:
            cloud = emulated(emulator)
            with origins_for(cloud, origin.base_url, None) as origins:
                origins[GUARDED] = origins[FILES] | {"secretHeaders": _secrets(cloud)}
                config = config_for(cloud, origins, restAuth="none", fanOutMb=64, reuseSeconds=600, **NETWORK)
                with deployed(Engine.EMBEDDED, cloud, "mutation", config, lambda: False) as outputs:

                    def asked(path: str) -> bool:
                        return any(request.path == f"/{path}" for request in origin.requests)

                    yield Stack(cloud, outputs, origin=FILES, asked=asked), Witness(emulator.events_path)


def _secrets(cloud: Cloud) -> dict[str, str]:
    """Header -> ARN of a secret."""
    secrets = cloud.client("secretsmanager")
    return {
        header: secrets.create_secret(Name=f"mutation/{header}", SecretString=f"value-of-{header}")["ARN"]
        for header in ("X-Key", "X-Other-Key")
    }


def _tell(verdict: Verdict) -> None:
    mutant = verdict.mutant
    fate = "missed" if verdict.killer else "NOT MISSED" if verdict.enforced else "not enforced"
    _say(f"{fate:12}  {mutant.role} without {mutant.statement}, {mutant.without}: {verdict.killer or verdict.because}")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())

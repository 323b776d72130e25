"""Runs several actors one step at a time, in an order that the test draws: a step ends at each call of a port."""

from __future__ import annotations

import threading
from collections.abc import Callable

from tests.runtime.support.fakes import FakeClock

MOST_STEPS = 20_000


class Actor:
    """Code that runs in a thread of its own, but only when it is its turn."""

    def __init__(self, name: str, work: Callable[[], object]) -> None:
        self.name = name
        self.error: BaseException | None = None
        self.done = False
        self.sleeping = False
        self.waiting = False
        self._work = work
        self._turn = threading.Semaphore(0)
        self._paused = threading.Semaphore(0)
        self.thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.thread.start()

    def step(self) -> None:
        """Let it go on to its next port call, or to its end."""
        self._turn.release()
        assert self._paused.acquire(timeout=10), f"{self.name} hangs"

    def pause(self) -> None:
        """Called from within: wait for the next turn."""
        self._paused.release()
        self._turn.acquire()

    def _run(self) -> None:
        self._turn.acquire()
        try:
            self._work()
        except BaseException as error:  # handed to the test's own thread
            self.error = error
        self.done = True
        self._paused.release()


class Schedule(FakeClock):
    """The actors, and the clock by which they sleep.

    A sleeper may wake early in the order, but no more than `patience` seconds pass while somebody else could go on:
    steps take milliseconds, back-offs take long.
    """

    def __init__(self, choose: Callable[[int], int], patience: float = 4.0) -> None:
        super().__init__()
        self.actors: list[Actor] = []
        self._choose = choose
        self._patience = patience
        self._started_at = self.time

    def spawn(self, name: str, work: Callable[[], object]) -> None:
        """Another actor, from now on."""
        self.actors.append(Actor(name, work))

    def before(self, _operation: str) -> None:
        """The hook of the fakes: the current actor's step ends here."""
        actor = self._current()
        if actor is not None:
            actor.pause()

    def sleep(self, seconds: float) -> None:
        """Step aside for others, then let the time pass."""
        actor = self._current()
        assert actor is not None
        actor.sleeping = True
        actor.pause()
        actor.sleeping = False
        super().sleep(seconds)

    def wait(self, seconds: float) -> None:
        """Let so much time pass that everybody else has come to rest before."""
        actor = self._current()
        assert actor is not None
        actor.waiting = True
        actor.pause()
        actor.waiting = False
        super().sleep(seconds)
        self._started_at = self.time

    def run(self) -> None:
        """Until every actor has ended; raises what one of them raised."""
        for _ in range(MOST_STEPS):
            ready = [actor for actor in self.actors if not actor.done]
            if not ready:
                return
            ready = [actor for actor in ready if not actor.waiting] or ready
            awake = [actor for actor in ready if not actor.sleeping]
            if awake and self.time - self._started_at > self._patience:
                ready = awake
            actor = ready[self._choose(len(ready))]
            actor.step()
            if actor.error is not None:
                raise actor.error
        raise AssertionError("The actors do not come to an end")

    def _current(self) -> Actor | None:
        return next((actor for actor in self.actors if actor.thread is threading.current_thread()), None)

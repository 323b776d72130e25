"""Runs actors one step at a time, in an order that the test chooses; a step ends at each call of a port."""

from __future__ import annotations

import threading
from collections.abc import Callable

from tests.runtime.support.fakes import FakeClock

MAX_STEPS = 20_000


class Actor:
    """Code in its own thread that runs only during its turns."""

    def __init__(self, name: str, work: Callable[[], object]) -> None:
        self.name = name
        self.error: BaseException | None = None
        self.done = False
        self.sleeping = False
        self.waiting = False
        self._work = work
        self._turn = threading.Lock()  # held until the actor's next turn; a Semaphore costs several times as much
        self._paused = threading.Lock()  # held while the actor runs
        self._turn.acquire()
        self._paused.acquire()
        self.thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.thread.start()

    def step(self) -> None:
        """Run the actor up to its next port call or its end."""
        self._turn.release()
        assert self._paused.acquire(timeout=10), f"{self.name} hangs"

    def pause(self) -> None:
        """End the step and wait for the next turn; called by the actor's own thread."""
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
    """The actors, and their clock.

    A sleeping actor may be resumed early, but at most `max_early_seconds` pass while another actor could run: steps
    take milliseconds, back-offs take seconds.
    """

    def __init__(self, choose: Callable[[int], int], max_early_seconds: float = 4.0) -> None:
        super().__init__()
        self.actors: list[Actor] = []
        self._choose = choose
        self._max_early_seconds = max_early_seconds
        self._started_at = self.time

    def spawn(self, name: str, work: Callable[[], object]) -> None:
        """Add an actor."""
        self.actors.append(Actor(name, work))

    def pause_before(self, _operation: str) -> None:
        """End the step of the current actor; the hook of the fakes before each call."""
        actor = self._current_actor()
        if actor is not None:
            actor.pause()

    def sleep(self, seconds: float) -> None:
        """End the step, then advance the clock."""
        actor = self._current_actor()
        assert actor is not None
        actor.sleeping = True
        actor.pause()
        actor.sleeping = False
        super().sleep(seconds)

    def wait(self, seconds: float) -> None:
        """Advance the clock once every other actor has ended or waits."""
        actor = self._current_actor()
        assert actor is not None
        actor.waiting = True
        actor.pause()
        actor.waiting = False
        super().sleep(seconds)
        self._started_at = self.time

    def run(self) -> None:
        """Run until every actor has ended; raise the error of an actor."""
        for _ in range(MAX_STEPS):
            ready = [actor for actor in self.actors if not actor.done]
            if not ready:
                return
            ready = [actor for actor in ready if not actor.waiting] or ready
            not_sleeping = [actor for actor in ready if not actor.sleeping]
            if not_sleeping and self.time - self._started_at > self._max_early_seconds:
                ready = not_sleeping
            actor = ready[self._choose(len(ready))]
            actor.step()
            if actor.error is not None:
                raise actor.error
        raise AssertionError("The actors do not end")

    def _current_actor(self) -> Actor | None:
        return next((actor for actor in self.actors if actor.thread is threading.current_thread()), None)

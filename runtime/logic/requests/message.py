"""Answers the messages of a client: `status`, `refresh`, `cancel`, `ping`."""

from __future__ import annotations

import json
from dataclasses import dataclass

from runtime import log, steps
from runtime.errors import (
    ConnectionGoneError,
    DownloadNotFoundError,
    InvalidRequestError,
    NewerItemError,
    RequestError,
    ServiceError,
    TransientServiceError,
    UnknownActionError,
    problem_of,
)
from runtime.logic.ending.cancel import Cancel
from runtime.logic.ending.reconcile import Reconcile
from runtime.logic.sockets import messages
from runtime.logic.sockets.download_messages import DownloadMessages
from runtime.logic.sockets.messages import Message
from runtime.logic.sockets.push import Pushes, PushOutcome
from runtime.models import Download, Failure
from runtime.ports import Clock, Connections, Downloads, Sockets

MAX_BODY = 4096
STATUS_ACTIONS = ("status", "refresh")
ACTIONS = (*STATUS_ACTIONS, "cancel", "ping")


@dataclass(frozen=True)
class ClientMessage:
    """Answers every message. Errors are answered too, and the connection stays."""

    downloads: Downloads
    connections: Connections
    sockets: Sockets
    clock: Clock
    reconcile: Reconcile
    download_messages: DownloadMessages
    cancel: Cancel

    def run(self, connection_id: str, body: str, message_id: str) -> None:
        """Handle the message and post the answer to its client."""
        download_id = ""
        try:
            download = self._download_of(connection_id)
            if download is None:
                raise DownloadNotFoundError
            download_id = download.download_id
            log.set_download(download)
            action = _action_of(body)
            if action in STATUS_ACTIONS and download.status.is_final:
                self._record_use(connection_id)
            answer = self._answer(download, action, message_id)
        except (RequestError, ServiceError, NewerItemError) as error:
            problem = problem_of(error)
            log.problem(error, problem)
            answer = messages.error(download_id, message_id, Failure(problem.code, problem.message))
        self._send(connection_id, messages.encode(answer))

    def _send(self, connection_id: str, data: bytes) -> None:
        """Post the answer, and repeat it while API Gateway is throttling. A client without an answer asks again.

        Raises:
            ServiceError: API Gateway refuses it, also when it is repeated.
        """

        def attempt(connection_id: str) -> PushOutcome:
            try:
                self.sockets.post(connection_id, data)
            except ConnectionGoneError:
                return PushOutcome.GONE
            except TransientServiceError:
                return PushOutcome.BUSY
            return PushOutcome.POSTED

        outcome = Pushes(self.clock, attempt).run([connection_id])[connection_id]
        if outcome is PushOutcome.GONE:
            log.write(steps.ANSWER_LOST, connectionId=connection_id)
        elif outcome is PushOutcome.BUSY:
            log.write(steps.PUSHES_GIVEN_UP, {"PushesGivenUp": 1}, type="answer", pushesGivenUp=1)

    def _download_of(self, connection_id: str) -> Download | None:
        connection = self.connections.get(connection_id)
        now = self.clock.now()
        if connection is None or connection.is_expired(now):
            return None
        download = self.downloads.get(connection.execution_arn)
        if download is None or download.is_expired(now) or not connection.belongs_to(download):
            return None
        return download

    def _record_use(self, connection_id: str) -> None:
        """Keep the socket open: its client asked for a URL. `ping` does not count: libraries send it."""
        try:
            self.connections.use(connection_id, now=self.clock.now())
        except ServiceError as error:  # the answer is more important
            log.write(steps.USE_NOT_RECORDED, connectionId=connection_id, reason=str(error))

    def _answer(self, download: Download, action: str, message_id: str) -> Message:
        if action == "ping":
            return messages.pong(download.download_id, message_id)
        if action == "cancel":
            self.cancel.run(download)
            return self.download_messages.build(self.downloads.get(download.execution_arn) or download)
        return self.download_messages.build(self.reconcile.run(download))


def _action_of(body: str) -> str:
    """Return the action in a message.

    Raises:
        InvalidRequestError: it is not a JSON object with an action.
        UnknownActionError: there is no such action.
    """
    example = 'Send a JSON object such as {"action": "status"}.'
    if len(body) > MAX_BODY:
        raise InvalidRequestError(f"A message has to be shorter than {MAX_BODY} characters. {example}")
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        raise InvalidRequestError(f"That is not JSON. {example}") from None
    action = content.get("action") if isinstance(content, dict) else None
    if not isinstance(action, str):
        raise InvalidRequestError(f"The action is missing. {example}")
    if action not in ACTIONS:
        raise UnknownActionError(f"There is no such action. Known are: {', '.join(ACTIONS)}.")
    return action

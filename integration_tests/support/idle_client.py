"""A client that keeps a socket open: `python -m integration_tests.support.idle_client URL` prints `open` and waits."""

from __future__ import annotations

import sys

import websocket

if __name__ == "__main__":
    connection = websocket.create_connection(sys.argv[1], timeout=60)
    sys.stdout.write("open\n")
    sys.stdout.flush()
    while connection.recv():
        pass

"""A client to be killed: `python -m integration_tests.support.holder URL` connects, prints `open` and holds on."""

from __future__ import annotations

import sys

import websocket

if __name__ == "__main__":
    held = websocket.create_connection(sys.argv[1], timeout=60)
    sys.stdout.write("open\n")
    sys.stdout.flush()
    while held.recv():
        pass

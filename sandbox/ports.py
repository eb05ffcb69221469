"""Ports on loopback: the wanted ones where possible, free ones otherwise."""

import socket
from contextlib import ExitStack


def choose(first: int, count: int) -> list[int]:
    """`count` different ports: `first` and its successors, each replaced where it is taken."""
    with ExitStack() as held:
        return [_hold(held, first + number) for number in range(count)]


def _hold(held: ExitStack, wanted: int) -> int:
    """Bind a port until all are chosen, so that no replacement is a later one's wish."""
    for port in (wanted, 0):
        holder = held.enter_context(socket.socket())
        # As the servers do: a port that only lingers from the last run counts as free.
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            holder.bind(("127.0.0.1", port))
        except (OSError, OverflowError):
            continue
        return int(holder.getsockname()[1])
    raise OSError("no free port on 127.0.0.1")

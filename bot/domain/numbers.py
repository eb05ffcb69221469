"""Numbers that come from outside, where only one that Helpr has shown can be meant."""

from bot.domain.errors import Forged

# The greatest that the ledger's columns hold; Discord's ids are smaller too.
MOST = 2**63 - 1
_LENGTH = len(str(MOST))


def number_of(value: str) -> int:
    """An id that was chosen in a menu; raises `Forged("choice.unknown")` for anything else."""
    if not (value.isascii() and value.isdecimal() and len(value) <= _LENGTH):
        raise Forged("choice.unknown")
    number = int(value)
    if number > MOST:
        raise Forged("choice.unknown")
    return number

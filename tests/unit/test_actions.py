"""Every action that the code writes into the audit log has words, and its name fits a button."""

import ast
import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path

from bot.i18n import texts
from bot.ui.audit_details import DETAILS, LEFT_OUT
from bot.ui.states import action_name, actions_like, is_action

ROOT = Path(__file__).resolve().parents[2]
WRITERS = {"happened", "moved"}
# Functions that write a line with details of whoever calls them.
TELLERS = WRITERS | {"told", "_stored"}
# What each line has, and what stands in a dictionary before it is handed over.
COLUMNS = {"now", "by", "invite_id", "from_state", "to_state", "why", "was"}
GATHERED = {"until", "tier", "was_tier", "bulk", "outcome", "sections", "kind", "channel"}
Call = ast.Call


def trees() -> list[ast.Module]:
    """The source of everything that may write a line."""
    files = itertools.chain((ROOT / "bot").rglob("*.py"), (ROOT / "db").glob("*.py"))
    return [ast.parse(file.read_text()) for file in files]


def constants(node: ast.expr | None) -> Iterator[str]:
    """Every text that an expression may come to: constants, either branch, f-strings of those."""
    match node:
        case ast.Constant(value=str(value)):
            yield value
        case ast.IfExp():
            yield from constants(node.body)
            yield from constants(node.orelse)
        case ast.JoinedStr():
            pieces = [list(constants(one)) for one in node.values]
            yield from map("".join, itertools.product(*pieces))
        case ast.FormattedValue():
            yield from constants(node.value)


def places(modules: Iterable[ast.Module]) -> dict[str, int]:
    """Functions that are handed an action: by name, which of their arguments it is."""
    found = {}
    for node in itertools.chain.from_iterable(map(ast.walk, modules)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            names = [argument.arg for argument in node.args.args if argument.arg != "self"]
            if "action" in names:
                found[node.name] = names.index("action")
    return found


def handed_over(call: Call, where: dict[str, int]) -> Iterator[str]:
    """The actions that a call names."""
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    if name in where and len(call.args) > where[name]:
        yield from constants(call.args[where[name]])
    for keyword in call.keywords:
        if keyword.arg == "action" and (name in where or name == "say_yes"):
            yield from constants(keyword.value)


def written() -> set[str]:
    """Every action that the code may write."""
    modules = trees()
    where = places(modules)
    assert set(where) >= WRITERS
    found: set[str] = set()
    for node in itertools.chain.from_iterable(map(ast.walk, modules)):
        match node:
            case Call():
                found |= set(handed_over(node, where))
            case ast.Assign(targets=[ast.Name(id="action")]):
                found |= set(constants(node.value))
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                for argument, default in zip(
                    node.args.kwonlyargs, node.args.kw_defaults, strict=True
                ):
                    if argument.arg == "action":
                        found |= set(constants(default))
    return {name for name in found if "." in name}


def test_every_action_has_words() -> None:
    """What stands in the log can be read by a person, and be found by its words."""
    found = written()
    assert {"invite.approved", "access.leave", "settings.changed", "invite.active"} <= found
    assert sorted(name for name in found if not is_action(name)) == []


def test_every_detail_is_said_in_words_or_left_out() -> None:
    """No detail that the code writes stands in the log by the name it has in a program."""
    found = set(GATHERED)
    for node in itertools.chain.from_iterable(map(ast.walk, trees())):
        if isinstance(node, Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            found |= {word.arg for word in node.keywords if word.arg and name in TELLERS}
    assert found >= {"setting", "field", "counts", "custom_id"}
    assert sorted(found - COLUMNS - LEFT_OUT - set(DETAILS)) == []


def test_no_action_is_too_long_for_a_button() -> None:
    """The buttons of the log carry the action in their id."""
    assert [name for name, _ in actions_like("", texts()) if not 0 < len(name) <= 24] == []
    assert all(
        name.replace(".", "").replace("_", "").islower() for name, _ in actions_like("", texts())
    )


def test_actions_are_found_by_their_words() -> None:
    """Typing a part of the words, in any case, offers them; a name works too."""
    t = texts()
    assert ("invite.nudged", "reminded the member to accept") in actions_like(" REMINDED", t)
    assert [name for name, _ in actions_like("invite.nudged", t)] == ["invite.nudged"]
    assert actions_like("no such thing", t) == []
    assert action_name("something.new", t) == "something.new"

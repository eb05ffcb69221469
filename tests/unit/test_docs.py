"""What the documents say is compared with what is there."""

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from bot.domain.invites import MOVES
from bot.settings import PREFIX, Settings, setting_names

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
LINK = re.compile(r"\]\(([^)\s#]+)[^)]*\)|(?:src|href)=\"([^\"#]+)[^\"]*\"")


def state_diagram() -> str:
    """The states and moves of an invite, in mermaid."""
    lines = ["stateDiagram-v2", "    [*] --> requested"]
    for state, followers in MOVES.items():
        lines += [f"    {state} --> {follower}" for follower in sorted(followers)]
        if not followers:
            lines.append(f"    {state} --> [*]")
    return "\n".join(lines)


def test_the_drawing_of_an_invites_life_shows_every_move() -> None:
    """`docs/invites.md` draws exactly the moves that the rules allow."""
    drawn = re.search(r"```mermaid\n(.*?)\n?```", (ROOT / "docs/invites.md").read_text(), re.DOTALL)
    assert drawn is not None
    assert drawn[1] == state_diagram()


def test_every_state_is_explained() -> None:
    """`docs/invites.md` has a line for every state, and for nothing else."""
    text = (ROOT / "docs/invites.md").read_text().partition("## What is wanted")[0]
    rows = re.findall(r"^\| (\w+) \| \w", text, re.MULTILINE)
    assert rows[0] == "state"
    assert sorted(rows[1:]) == sorted(MOVES)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_link_leads_nowhere(document: Path) -> None:
    """Whatever a document links to inside the repository is there."""
    targets = [first or second for first, second in LINK.findall(document.read_text())]
    missing = [
        target
        for target in targets
        if "://" not in target and not (document.parent / target).exists()
    ]
    assert missing == []


def test_the_documents_name_only_settings_that_exist() -> None:
    """No document names a HELPR_ variable that Helpr does not read."""
    known = {name for name, _ in setting_names()} | {"HELPR_DISCORD_OPENAPI"}
    sections = {name.rpartition("__")[0] for name in known}
    for document in DOCUMENTS:
        named = {name.rstrip("_") for name in re.findall(r"HELPR_\w+", document.read_text())}
        assert named <= known | sections, document.name


def defaults() -> dict[str, object]:
    """Each setting's default by the name of its variable."""
    found: dict[str, object] = {}
    for name, field in Settings.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            for part, inner in field.annotation.model_fields.items():
                found[f"{PREFIX}{name}__{part}".upper()] = inner.default
        else:
            found[f"{PREFIX}{name}".upper()] = None
    return found


def test_the_example_file_states_the_defaults() -> None:
    """`.env.example` names the default that holds while the value is empty."""
    text = (ROOT / ".env.example").read_text()
    for name, default in defaults().items():
        above = re.search(rf"((?:# .*\n)+){name}=\n", text)
        assert above is not None, f"{name} has no explanation, or a value"
        if default is not None:
            stated = re.search(r"Default: (\S+)$", above[1].strip())
            assert stated is not None, f"{name} has no default in its explanation"
            assert stated[1] == (default if isinstance(default, str) else f"{default:g}")


def test_no_lock_names_a_host() -> None:
    """The lock files hold hashes and no address, so that any mirror serves them."""
    for lock in ROOT.glob("requirements*.lock"):
        assert not re.search(r"://|^\s*--(index|extra-index|find)", lock.read_text(), re.MULTILINE)

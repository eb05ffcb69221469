"""The names and descriptions of commands, read off the cogs for the catalogues.

Names are found by a context, since "code" as a command is another word than in a sentence:
`command` for `/tier`, `command /tier` for `/tier list`, `option` for what a command takes, and
`menu` for an entry of a person's menu. Descriptions and choices have none.
"""

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.i18n import COMMAND, MENU, OPTION, below

Found = tuple[str, str | None, int]


@dataclass(frozen=True, slots=True)
class _Cog:
    """What is known where a name is met: constants of the file, and the group of the class."""

    constants: dict[str, str]
    group: str | None = None

    def text(self, node: ast.expr) -> str | None:
        """The text that an expression stands for, as far as it is known before it runs."""
        match node:
            case ast.Constant(value=str(text)):
                return text
            case ast.Name(id=name):
                return self.constants.get(name)
        return None


def commands_in(folder: Path) -> Iterator[tuple[str, str, str | None, int]]:
    """File, text, context and line of everything that Discord shows of commands."""
    for file in sorted(folder.rglob("*.py")):
        tree = ast.parse(file.read_text("utf-8"))
        constants = {
            target.id: node.value.value
            for node in tree.body
            if isinstance(node, ast.Assign)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in tree.body:
            group = _group_of(node) if isinstance(node, ast.ClassDef) else None
            for text, context, line in _in(node, _Cog(constants, group)):
                yield file.name, text, context, line


def _group_of(cog: ast.ClassDef) -> str | None:
    """The group that a cog is, or whose commands it adds."""
    for keyword in cog.keywords:
        if keyword.arg == "group_name" and isinstance(keyword.value, ast.Constant):
            return str(keyword.value.value)
    for node in ast.walk(cog):
        match node:
            case ast.Call(func=ast.Name(id="join_group"), args=[_, ast.Constant(value=name), *_]):
                return str(name)
    return None


def _in(part: ast.stmt, cog: _Cog) -> Iterator[Found]:
    for node in ast.walk(part):
        match node:
            case ast.ClassDef(keywords=keywords):
                contexts = {"group_name": COMMAND, "group_description": None}
                yield from _named(keywords, contexts, cog)
            case ast.Call(func=ast.Attribute(attr="command" | "Command"), keywords=keywords):
                name = COMMAND if cog.group is None else below(cog.group)
                yield from _named(keywords, {"name": name, "description": None}, cog)
            case ast.Call(func=ast.Attribute(attr="ContextMenu"), keywords=keywords):
                yield from _named(keywords, {"name": MENU}, cog)
            case ast.Call(func=ast.Attribute(attr="Choice"), keywords=keywords):
                yield from _named(keywords, {"name": None}, cog)
            case ast.Call(func=ast.Attribute(attr="describe"), keywords=keywords):
                yield from _named(keywords, {str(keyword.arg): None for keyword in keywords}, cog)
                for keyword in keywords:
                    yield str(keyword.arg), OPTION, node.lineno


def _named(
    keywords: Iterable[ast.keyword], contexts: Mapping[str, str | None], cog: _Cog
) -> Iterator[Found]:
    for keyword in keywords:
        arg, text = str(keyword.arg), cog.text(keyword.value)
        if arg in contexts and text is not None:
            yield text, contexts[arg], keyword.value.lineno

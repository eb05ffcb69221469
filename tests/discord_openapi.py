"""What Discord takes: requests compared with its OpenAPI document, and with rules it leaves out.

`validate(method, path, body)` returns what Discord would complain about, in words; an empty list
is a request that Discord takes. The document is named by HELPR_DISCORD_OPENAPI, else looked for
beside the repository; without it only the own rules (`discord_rules`) are applied.
"""

import json
import os
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import jsonschema_rs
from discord_rules import rules_broken

VARIABLE = "HELPR_DISCORD_OPENAPI"
BESIDE = Path(__file__).parents[2] / "shared" / "reference" / "discord-openapi.json"
# Discord's document asks for text; it takes numbers as well, which discord.py sends.
SNOWFLAKE = {"type": ["string", "integer"], "pattern": "^(0|[1-9][0-9]*)$"}


def document_path() -> Path:
    """Where the document is looked for."""
    return Path(os.environ.get(VARIABLE) or BESIDE)


def missing() -> str | None:
    """Why requests cannot be compared with the document, None when they can."""
    path = document_path()
    if path.is_file():
        return None
    return f"Discord's OpenAPI document is not at {path}; name it with {VARIABLE}"


def validate(method: str, path: str, body: Any) -> list[str]:
    """What Discord would say against this request (`path` after `/api/v10`, without a query)."""
    found = rules_broken(method, path, body)
    if missing() is None:
        found += Document.read(document_path()).errors(method, path, body)
    return found


class Document:
    """Discord's OpenAPI document, with a compiled schema for each operation that was asked for."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._components = {**document["components"]}
        self._components["schemas"] = {
            **self._components["schemas"],
            "SnowflakeType": SNOWFLAKE,
        }
        self._paths = [
            (re.compile(re.sub(r"\{[^}]+\}", "[^/]+", template)), template, operations)
            for template, operations in document["paths"].items()
        ]
        self._validators: dict[tuple[str, str], jsonschema_rs.Draft202012Validator | None] = {}

    @classmethod
    @lru_cache(maxsize=2)
    def read(cls, path: Path) -> "Document":
        """The document in this file, read once."""
        return cls(json.loads(path.read_text(encoding="utf-8")))

    def errors(self, method: str, path: str, body: Any) -> list[str]:
        """How the body differs from what the document asks for."""
        found = self._operation(method, path)
        if found is None:
            return [f"Discord has no {method} {path}"]
        template, operation = found
        key = (method, template)
        if key not in self._validators:
            self._validators[key] = self._validator(operation)
        validator = self._validators[key]
        if validator is None:
            return [f"{method} {path}: takes no body"] if body else []
        if body is None:
            required = operation["requestBody"].get("required", False)
            return [f"{method} {path}: a body is missing"] if required else []
        return [_told(error) for error in validator.iter_errors(body)]

    def _operation(self, method: str, path: str) -> tuple[str, dict[str, Any]] | None:
        """The operation with the fewest placeholders that fits."""
        fitting = [
            (template.count("{"), template, operations[method.lower()])
            for pattern, template, operations in self._paths
            if method.lower() in operations and pattern.fullmatch(path)
        ]
        return min(fitting, key=lambda fit: fit[0])[1:] if fitting else None

    def _validator(self, operation: dict[str, Any]) -> jsonschema_rs.Draft202012Validator | None:
        content = operation.get("requestBody", {}).get("content", {})
        if "application/json" not in content:
            return None
        return jsonschema_rs.Draft202012Validator(
            {"allOf": [content["application/json"]["schema"]], "components": self._components}
        )


def _told(error: jsonschema_rs.ValidationError) -> str:
    """The innermost complaint: of a union, the branch that fits the value's own `type` best."""
    while branches := getattr(error.kind, "context", None):
        here = list(error.instance_path)
        meant = [branch for branch in branches if not _is_another(branch, here)] or branches
        error = min(meant, key=len)[0]
    place = "/".join(map(str, error.instance_path)) or "body"
    return f"{place}: {error.message[:200]}"


def _is_another(branch: list[jsonschema_rs.ValidationError], here: list[Any]) -> bool:
    """Whether this branch describes another kind of thing than the value at `here` is."""
    return any(
        list(error.instance_path) == [*here, "type"]
        or (list(error.instance_path) == here and error.kind.name == "type")
        for error in branch
    )

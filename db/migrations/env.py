"""Alembic's entry: runs on the connection that `db.migrate` hands over, inside its transaction."""

from alembic import context
from sqlalchemy.schema import SchemaItem

from db.models import Base

SCHEMA_OF_THE_QUEUE = "procrastinate_"


def _ours(name: str | None, _type: str, _parents: object) -> bool:
    return not (name or "").startswith(SCHEMA_OF_THE_QUEUE)


def _ours_reflected(
    _item: SchemaItem, name: str | None, type_: str, _reflected: bool, _to: SchemaItem | None
) -> bool:
    return _ours(name, type_, None)


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    include_name=_ours,
    include_object=_ours_reflected,
    compare_server_default=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()

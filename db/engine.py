"""One engine a process, and the translation of database URLs."""

from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

# libpq's names for what asyncpg calls `ssl`; handing `sslmode` to asyncpg is a TypeError.
_LIBPQ_ONLY = {"channel_binding", "gssencmode", "target_session_attrs", "options"}


def asyncpg_url(url: str) -> str:
    """`url` for SQLAlchemy with asyncpg: `postgres://` and `sslmode=` are understood too."""
    parts = urlsplit(url)
    query = []
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        if name == "sslmode":
            query.append(("ssl", value))
        elif name not in _LIBPQ_ONLY:
            query.append((name, value))
    return urlunsplit(
        ("postgresql+asyncpg", parts.netloc, parts.path, urlencode(query, safe="/"), "")
    )


def libpq_url(url: str) -> str:
    """`url` for libpq (psycopg, used by the job queue alone)."""
    parts = urlsplit(url)
    query = [
        ("sslmode" if name == "ssl" else name, value)
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
    ]
    return urlunsplit(("postgresql", parts.netloc, parts.path, urlencode(query, safe="/"), ""))


def make_engine(url: str, *, pool_size: int = 10) -> AsyncEngine:
    """An engine that connects on first use; `url` in any form that `asyncpg_url` takes."""
    return create_async_engine(
        asyncpg_url(url),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=5,
        # 0.5 ms a unit of work, so that a restarted server costs nobody a failed interaction.
        pool_pre_ping=True,
        pool_recycle=1800,
        connect_args={"timeout": 5, "command_timeout": 30},
    )

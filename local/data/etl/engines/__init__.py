"""What runs the stages of a load: one port, its adapters side by side. The stages themselves are the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.data.etl.engines.port import Engine

ENGINES = ("duckdb", "spark")
DEFAULT_MASTER = "local[*]"


@contextmanager
def open_engine(name: str, folder: Path, master: str = DEFAULT_MASTER) -> Iterator[Engine]:
    """Yield an engine that works in a folder.

    Args:
        name: One of `ENGINES`.
        folder: Where intermediate data goes; empty.
        master: Of Spark: `local[2]`, `spark://HOST:PORT`, `yarn`.

    Raises:
        UserError: Where the engine is not installed or cannot be reached.
    """
    if name == "spark":
        from local.data.etl.engines.spark import spark_engine

        with spark_engine(folder, master) as spark:
            yield spark
        return
    from local.data.etl.engines.duckdb import duckdb_engine

    with duckdb_engine(folder) as duckdb:
        yield duckdb

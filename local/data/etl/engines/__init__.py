"""What runs the stages of a load: one port, its adapters side by side. The stages themselves are the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

from local.data.etl.engines.port import Engine

DEFAULT_MASTER = "local[*]"


class EngineName(StrEnum):
    """The engines, as a user names them."""

    duckdb = "duckdb"
    spark = "spark"


@contextmanager
def open_engine(name: EngineName, folder: Path, master: str = DEFAULT_MASTER, work_url: str = "") -> Iterator[Engine]:
    """Yield an engine that works in a folder.

    Args:
        name: Which one.
        folder: Where intermediate data goes; empty.
        master: Of Spark: `local[2]`, `spark://HOST:PORT`, `yarn`.
        work_url: Of Spark: where intermediate data goes, if not to the folder.

    Raises:
        UserError: Where the engine is not installed or cannot be reached.
    """
    if name == EngineName.spark:
        from local.data.etl.engines.spark import spark_engine

        with spark_engine(folder, master, work_url) as spark:
            yield spark
        return
    from local.data.etl.engines.duckdb import duckdb_engine

    with duckdb_engine(folder) as duckdb:
        yield duckdb

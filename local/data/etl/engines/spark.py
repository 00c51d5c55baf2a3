"""Spark: a load on many machines. Reading, parsing, relating and packing run on the workers.

The driver sees counts. MySQL is loaded by the workers; for another store the driver sees the packed records, a batch at
a time. Lines are parsed by the same parser as elsewhere, in `mapInArrow`: Spark's own JSON reader is slower and damages
lone surrogates.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq

from crossover.stores.port import WritePairs
from local.data.etl.documents import is_document
from local.data.etl.groups import ORDER, ContactTweet, records_of, whole_users
from local.data.etl.parsing import Row
from local.data.etl.parts import SCHEMA, lines_of, parse_lines
from local.data.etl.reading import BLOCK_BYTES, MAX_LINE_BYTES, URL, blocks, is_plain
from local.data.etl.stages import build
from local.errors import UserError

COUNTED = pa.schema([*(field.with_nullable(True) for field in SCHEMA), ("reason", pa.string()), ("number", pa.int64())])
"""Rows of tweets, and rows of counts, of which only the last two columns have values."""
SPARK_TYPES = {pa.int64(): "bigint", pa.string(): "string", pa.list_(pa.string()): "array<string>"}
COUNTED_TYPES = ", ".join(f"{field.name} {SPARK_TYPES[field.type]}" for field in COUNTED)
RECORD_TYPES = "key binary, record binary"
RECORDS = pa.schema([("key", pa.binary()), ("record", pa.binary())])
LINES_A_BATCH = 2_000
SUBMITTED = "PYSPARK_GATEWAY_PORT"
"""Of the environment of a process that `spark-submit` runs; master, memory and the rest are its choice."""
CODECS = (".gz", ".bz2", ".zst", ".lz4", ".snappy", ".deflate", ".xz")
"""Ends of names by which Spark unpacks a file, whatever is in it."""
SKIPPED_NAME = re.compile(r"[_.].*|.*\._COPYING_", re.DOTALL)
"""Names of files that Spark passes over without a word: `HadoopFSUtils.shouldFilterOutPathName`."""
PATTERN_SIGNS = frozenset("*?[]{}\\:")
"""What Hadoop's paths take for a pattern or for a scheme."""


class SparkEngine:
    """An engine on a Spark session, whose intermediate data are below a URL, or in a folder that all workers share."""

    def __init__(self, session: Any, place: str) -> None:
        import ibis

        self._session = session
        self._place = place
        self._frames = 0
        self.database = ibis.pyspark.connect(session)

    def fetch(self, url: str, max_bytes: int) -> bytes:
        """Read a file through Spark's own file systems."""
        files = self._session.read.format("binaryFile").load(url)
        sizes = [row[0] for row in files.select("length").collect()]
        if len(sizes) != 1:
            raise UserError(f"{url} stands for {len(sizes)} files: give the URL of one")
        if sizes[0] > max_bytes:
            raise UserError(f"{url} is larger than {max_bytes} bytes")
        return bytes(files.select("content").first()[0])

    def parse(self, files: Sequence[Path | str], read: Callable[[int], object]) -> Counter[str]:
        """Parse files and URLs on the workers. A plain file is split; one that is compressed or a document is not."""
        urls: list[str] = []
        whole: list[str] = []
        for file in files:
            (urls if isinstance(file, str) or _is_lines(file) else whole).append(str(file))
        frames = []
        if urls:
            lines = self._session.read.text(urls, lineSep="\n").selectExpr("cast(value as binary) as line")
            frames.append(lines.mapInArrow(_parse_batches, COUNTED_TYPES))
        if whole:
            paths = self._session.createDataFrame([(path,) for path in whole], "path string").repartition(len(whole))
            frames.append(paths.mapInArrow(_parse_files, COUNTED_TYPES))
        for frame in frames:
            frame.write.parquet(f"{self._place}/parsed-{self._frames}")
            self._frames += 1
        read(sum(file.stat().st_size for file in files if isinstance(file, Path)))
        counts = self._parsed().filter("reason is not null").groupBy("reason").sum("number").collect()
        return Counter({row[0]: row[1] for row in counts})

    def relate(self, kept: Path | None, popular: frozenset[str], notify: Callable[[str], object]) -> None:
        """Make the tables as Spark's own, in the folder."""
        tags = self._session.createDataFrame([(tag,) for tag in sorted(popular)], "tag string")
        tags.createOrReplaceTempView("popular")
        tweets = self._parsed().filter("reason is null").select(*Row._fields)
        if kept:
            tweets = tweets.unionByName(self._session.read.parquet(str(kept)).select(*Row._fields))
        tweets.createOrReplaceTempView("parsed")
        build(self.database, self.database.table("parsed"), self.database.table("popular"), notify)

    def write(self, table: str, path: Path) -> None:
        """Write a table as one Parquet file: by Spark, as a way through pandas would round ids beside nulls.

        The intermediate data must be in a folder, not below a URL.
        """
        folder = Path(self._place) / f"written-{table}"
        self._session.table(table).coalesce(1).write.option("compression", "zstd").parquet(str(folder))
        (part,) = folder.glob("part-*.parquet")
        shutil.move(part, path)

    def records(self, packed: Callable[[int], object]) -> SparkRecords:
        """Return what the workers pack, whole users in ranges of ids."""
        rows = self._session.table("contact_tweets")
        order = [rows[name.lstrip("-")].desc() if name[0] == "-" else rows[name] for name in ORDER]
        ranges = rows.repartitionByRange("user_id").sortWithinPartitions(*order).select(*ContactTweet._fields)
        return SparkRecords(ranges.mapInArrow(_pack_batches, RECORD_TYPES), self._place, packed)

    def _parsed(self) -> Any:
        return self._session.read.parquet(*(f"{self._place}/parsed-{number}" for number in range(self._frames)))


class SparkRecords:
    """Packed records on the workers: `crossover.stores.port.DistributedRecords`."""

    def __init__(self, records: Any, place: str, packed: Callable[[int], object]) -> None:
        self._records = records
        self._place = place
        self._packed = packed

    def __iter__(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield all in the order of user ids: from the files that the workers write, where they share a disk."""
        if URL.match(self._place):
            for key, record in self._records.toLocalIterator(prefetchPartitions=True):
                yield bytes(key), bytes(record)
                self._packed(1)
            return
        folder = Path(self._place) / "records"
        self._records.write.parquet(str(folder))
        for path in sorted(folder.glob("part-*.parquet")):
            with pq.ParquetFile(path) as file:
                for batch in file.iter_batches(LINES_A_BATCH):
                    yield from zip(batch.column(0).to_pylist(), batch.column(1).to_pylist(), strict=True)
                    self._packed(batch.num_rows)

    def write_with(self, write: WritePairs) -> list[int]:
        """Have each worker write its records, and return how many went into each database."""
        written = self._records.mapInArrow(partial(_write_batches, write), "written array<bigint>")
        totals = [sum(counts) for counts in zip(*(row[0] for row in written.collect()), strict=True)]
        self._packed(sum(totals))
        return totals


@contextmanager
def spark_engine(folder: Path, master: str, work_url: str = "") -> Iterator[SparkEngine]:
    """Yield an engine with a session of its own, which is stopped at the end.

    Args:
        folder: Of this machine; empty.
        master: The master; not used where `spark-submit` runs this process, which has named one.
        work_url: Below which a folder for the intermediate data is made, where driver and workers share no disk. It is
            removed at the end, but not after a kill.

    Raises:
        UserError: Where PySpark or Java is missing, the master cannot be reached, or a worker reports one.
        OSError: Where a disk is full.
    """
    try:
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession
    except ModuleNotFoundError:
        raise UserError("--engine spark needs PySpark, about 500 MB: make spark installs it") from None
    if not (os.environ.get("JAVA_HOME") or shutil.which("java")):
        raise UserError("--engine spark needs Java 17 or newer: apt-get install openjdk-17-jre-headless, for instance")
    place = f"{work_url.rstrip('/')}/crossover-etl-{uuid4().hex}" if work_url else str(folder)
    # It warns of every pandas of today, and nothing here goes through pandas.
    warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
    with _python_of_workers():
        try:
            with _stderr_to(folder / "spark.log"):  # of the JVM, which keeps it
                session = SparkSession.builder.config(map=_settings(folder, place, master)).getOrCreate()
        except Exception as problem:
            reason = "no master answers" if "stopped SparkContext" in str(problem) else _first_line(problem)
            raise UserError(f"Spark does not start on {master}: {reason}") from None
        try:
            yield SparkEngine(session, place)
        except PySparkException as problem:
            raise _reported(problem) from None
        except Exception as problem:
            if type(problem).__module__.startswith("py4j"):
                raise _reported(problem) from None
            raise
        finally:
            if work_url:
                _remove(session, place)
            session.stop()


def _remove(session: Any, url: str) -> None:
    """Remove a folder by Hadoop's client, as well as that can be."""
    with suppress(Exception):
        path = session._jvm.org.apache.hadoop.fs.Path(url)
        path.getFileSystem(session._jsc.hadoopConfiguration()).delete(path, True)


def _settings(folder: Path, place: str, master: str) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "spark.app.name": "crossover etl",
        "spark.sql.warehouse.dir": f"{place}/warehouse",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.execution.arrow.maxRecordsPerBatch": str(LINES_A_BATCH),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    if SUBMITTED in os.environ:
        return settings
    settings["spark.master"] = master
    if master.startswith("local"):
        # Every port on loopback alone, and what is spilled beside the rest.
        settings |= {
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.local.dir": str(folder / "spill"),
            "spark.driver.memory": "2g",
        }
    return settings


@contextmanager
def _python_of_workers() -> Iterator[None]:
    """Have the workers run this Python, unless the environment names one: PySpark reads it from there alone."""
    if "PYSPARK_PYTHON" in os.environ:
        yield
        return
    os.environ["PYSPARK_PYTHON"] = sys.executable
    try:
        yield
    finally:
        del os.environ["PYSPARK_PYTHON"]


@contextmanager
def _stderr_to(path: Path) -> Iterator[None]:
    """Send what processes that start meanwhile write to standard error to a file."""
    sys.stderr.flush()
    terminal = os.dup(2)
    try:
        with path.open("wb") as file:
            os.dup2(file.fileno(), 2)
        yield
    finally:
        os.dup2(terminal, 2)
        os.close(terminal)


def _is_lines(path: Path) -> bool:
    """Return whether Spark reads a file as this project does: lines, not compressed, and not one document.

    Its name decides too: Spark passes over some, and takes others for patterns.
    """
    if path.exists() and not path.is_file():
        raise UserError(f"{path} is no regular file, and the workers read by name: write its content to a file first")
    if path.suffix in CODECS or SKIPPED_NAME.fullmatch(path.name) or PATTERN_SIGNS & set(str(path)):
        return False
    try:
        with path.open("rb") as file:
            start = file.read(BLOCK_BYTES)
    except OSError as problem:
        raise UserError(f"cannot read {path}: {problem.strerror}") from None
    return is_plain(start) and not is_document(start)


def _parse_batches(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Parse lines on a worker; after them come the counts."""
    counts: Counter[str] = Counter()
    for batch in batches:
        lines = [line if len(line) <= MAX_LINE_BYTES else line[:100] for line in batch.column(0).to_pylist()]
        yield _batch_of(*parse_lines(lines), counts)
    yield _counts(counts)


def _parse_files(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Read and parse whole files on a worker; after them come the counts."""
    counts: Counter[str] = Counter()
    for batch in batches:
        for path in batch.column(0).to_pylist():
            for block in blocks(Path(path)):
                yield _batch_of(*parse_lines(lines_of(block)), counts)
    yield _counts(counts)


def _batch_of(rows: list[Row], counts: Counter[str], totals: Counter[str]) -> pa.RecordBatch:
    totals.update(counts)
    columns = [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in SCHEMA]
    nothing: list[None] = [None] * len(rows)
    return pa.RecordBatch.from_arrays(
        [pa.array(column, field.type) for column, field in zip([*columns, nothing, nothing], COUNTED, strict=True)],
        schema=COUNTED,
    )


def _counts(totals: Counter[str]) -> pa.RecordBatch:
    rows = [{"reason": reason, "number": number} for reason, number in totals.items()]
    return pa.RecordBatch.from_pylist(rows, schema=COUNTED)


def _pack_batches(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Pack whole users on a worker."""
    for users in whole_users(batches):
        records = records_of(users)
        arrays = [pa.array(column, pa.binary()) for column in zip(*records, strict=True)] if records else None
        if arrays:
            yield pa.RecordBatch.from_arrays(arrays, schema=RECORDS)


def _write_batches(write: WritePairs, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Write a worker's records, and yield how many they are; without records nothing is connected to."""
    pairs = (
        pair for batch in batches for pair in zip(batch.column(0).to_pylist(), batch.column(1).to_pylist(), strict=True)
    )
    first = next(pairs, None)
    if first is not None:
        written = list(write(chain((first,), pairs)))
        yield pa.RecordBatch.from_pydict({"written": pa.array([written], pa.list_(pa.int64()))})


def _reported(problem: Exception) -> Exception:
    """Return what a worker's or Spark's error is to the user."""
    text = str(problem)
    if "No space left on device" in text:
        return OSError("No space left on device")
    if worker := re.search(r"(?:errors\.UserError|stores\.port\.LoadFailed): (.+)", text):
        return UserError(worker[1])
    if missing := re.search(r"Class (org\.apache\.hadoop\.fs\.\S+) not found", text):
        return UserError(
            f"Spark has no {missing[1]}: name its package in PYSPARK_SUBMIT_ARGS, "
            "for instance '--packages org.apache.hadoop:hadoop-aws:VERSION pyspark-shell'"
        )
    return UserError(f"Spark failed: {_first_line(problem)}; the store is as it was")


def _first_line(problem: Exception) -> str:
    java = getattr(problem, "java_exception", None)
    text = str(java) if java is not None else str(problem)
    return " ".join(text.split("\n", 1)[0].split())[:300]

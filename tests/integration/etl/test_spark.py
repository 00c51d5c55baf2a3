"""`crossover etl --engine spark` with a real Spark: the store of DuckDB, byte for byte, and what goes wrong."""

from __future__ import annotations

import bz2
import gzip
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from random import Random

import psutil
import pytest

from crossover.stores import open_store
from local.child import free_port
from local.data.etl.engines import EngineName
from local.data.etl.engines.spark import SparkRecords
from local.data.etl.increments import open_kept
from local.data.etl.pipeline import EtlReport, run
from local.data.etl.popular import SHIPPED_TAGS, read_popular
from local.data.mysql import programs
from local.data.mysql.server import PrivateServer
from local.data.tweets.generator import Generator
from local.deploy.spark_job import write_job
from local.errors import UserError
from tests.support.stores import records_of

pytestmark = [
    pytest.mark.heavy,
    pytest.mark.skipif(
        importlib.util.find_spec("pyspark") is None or shutil.which("java") is None,
        reason="NOT RUN: PySpark or Java 17 is missing; make test-spark installs PySpark",
    ),
    pytest.mark.filterwarnings("ignore"),  # PySpark's own
]
POPULAR = read_popular(Path(str(SHIPPED_TAGS)))
COMMAND = [sys.executable, "-W", "ignore", "-c", "from local.cli import main; main()"]


def etl(files: list[Path], store: Path, engine: str, **options: object) -> EtlReport:
    return run(files, POPULAR, f"sqlite:///{store}", engine=engine, master="local[2]", **options)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def messy(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Every form of input, with odd texts, copies that differ, and equal times."""
    folder = tmp_path_factory.mktemp("messy")
    lines = list(Generator(900, 7, sorted(POPULAR)).lines())
    copies = [line.replace(b'"lang":"en"', b'"lang":"fr"').replace(b'"text":"', b'"text":"x ') for line in lines[:99]]
    odd = [
        line.replace(b'"hashtags":[', b'"hashtags":[{"text":"\xc4\xb0STANBUL\xce\xa3"},{"text":"\\ud83d"},', 1)
        for line in lines[100:200]
    ]
    (folder / "a.json").write_bytes(b"\r\n".join(lines[:300] + copies))
    (folder / "b.json.gz").write_bytes(gzip.compress(b"\n".join(lines[200:500])))
    (folder / "c.json.bz2").write_bytes(bz2.compress(b"\n".join(odd)))
    (folder / "d.json").write_bytes(b"\xef\xbb\xbf" + b"\n".join(lines[500:700]) + b"\n\n")
    valid = []
    for line in lines[700:]:
        with suppress(ValueError):
            valid.append(json.loads(line))
    (folder / "e.json").write_text(json.dumps(valid, indent=1))
    (folder / "f.json").write_bytes(b"[" + b",".join(lines[:1] * 2) + b"]\n")
    return sorted(folder.iterdir())


def test_the_store_of_messy_data_is_duckdbs(tmp_path: Path, messy: list[Path]) -> None:
    by_duckdb = etl(messy, tmp_path / "duckdb.db", "duckdb")
    by_spark = etl(messy, tmp_path / "spark.db", "spark")
    assert by_spark.valid > 800
    same = ("files", "lines", "dropped", "valid", "users", "records", "store_bytes")
    assert {name: getattr(by_spark, name) for name in same} == {name: getattr(by_duckdb, name) for name in same}
    assert records_of(tmp_path / "spark.db") == records_of(tmp_path / "duckdb.db")
    assert {path.name for path in tmp_path.iterdir()} == {"duckdb.db", "spark.db"}


def test_a_file_is_read_whatever_its_name(tmp_path: Path) -> None:
    """Spark by itself passes over the first two without a word, and takes the third for a pattern."""
    lines = list(Generator(200, 11, sorted(POPULAR)).lines())
    files = [tmp_path / name for name in ("_a.json", ".b.json", "c[1]:2.json", "d.json")]
    for start, file in enumerate(files):
        file.write_bytes(b"\n".join(lines[start :: len(files)]))
    by_duckdb = etl(files, tmp_path / "duckdb.db", "duckdb")
    by_spark = etl(files, tmp_path / "spark.db", "spark")
    assert (by_spark.lines, by_spark.dropped) == (by_duckdb.lines, by_duckdb.dropped)
    assert by_spark.valid == 200
    assert records_of(tmp_path / "spark.db") == records_of(tmp_path / "duckdb.db")


def test_what_one_engine_keeps_the_other_adds_to(tmp_path: Path, messy: list[Path]) -> None:
    etl(messy, tmp_path / "whole.db", "duckdb")
    with open_kept(tmp_path / "kept", add=False) as kept:
        etl(messy[:3], tmp_path / "store.db", "spark", kept=kept)
    with open_kept(tmp_path / "kept", add=True) as kept:
        etl(messy[3:4], tmp_path / "store.db", "duckdb", kept=kept, add=True)
    with open_kept(tmp_path / "kept", add=True) as kept:
        etl(messy[4:], tmp_path / "store.db", "spark", kept=kept, add=True)
    assert records_of(tmp_path / "store.db") == records_of(tmp_path / "whole.db")


def test_the_packaged_job_runs_by_spark_submit_with_its_data_below_a_url(tmp_path: Path, messy: list[Path]) -> None:
    etl(messy, tmp_path / "duckdb.db", "duckdb")
    job = write_job(tmp_path / "job")
    (tmp_path / "work").mkdir()
    words = [*map(str, messy), "--popular", Path(str(SHIPPED_TAGS)).as_uri(), "--work", (tmp_path / "work").as_uri()]
    submit = [str(Path(sys.executable).parent / "spark-submit"), "--master", "local[2]", "--py-files", str(job.code)]
    submitted = subprocess.run(
        [*submit, str(job.entry), *words, "--store", f"sqlite:///{tmp_path}/spark.db"],
        env=os.environ | {"PYSPARK_PYTHON": sys.executable, "PYTHONWARNINGS": "ignore"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert submitted.returncode == 0, submitted.stderr[-2000:]
    assert records_of(tmp_path / "spark.db") == records_of(tmp_path / "duckdb.db")
    assert list((tmp_path / "work").iterdir()) == []


def test_popular_tags_at_a_url_are_one_file(tmp_path: Path, messy: list[Path]) -> None:
    (tmp_path / "tags").mkdir()
    for name in ("a", "b"):
        (tmp_path / "tags" / f"{name}.txt").write_text("tag\n")
    with pytest.raises(UserError, match="stands for 2 files: give the URL of one"):
        run(
            messy,
            (tmp_path / "tags").as_uri(),
            f"sqlite:///{tmp_path}/s.db",
            engine=EngineName.spark,
            master="local[2]",
        )


def test_the_workers_load_mysql_themselves(tmp_path: Path, messy: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    if programs.find() is None:
        pytest.skip(f"NOT RUN: no MariaDB or MySQL server on this machine; {programs.BY_HAND}")
    monkeypatch.setattr(SparkRecords, "__iter__", pytest.fail)
    etl(messy, tmp_path / "duckdb.db", "duckdb")
    records = records_of(tmp_path / "duckdb.db")
    with PrivateServer(tmp_path / "mysql") as server:
        report = run(messy, POPULAR, server.url(), tmp_path, engine=EngineName.spark, master="local[2]")
        with closing(open_store(server.url())) as store:
            assert store.fetch_many(list(records)) == list(records.values())
    assert report.records == len(records)


def test_a_user_of_a_hundred_thousand_contacts_and_a_tag_of_all_do_no_harm(tmp_path: Path) -> None:
    """A single user and a single tag are in every row of a join; the store is DuckDB's."""
    chance = Random(1)
    base = {"created_at": "Mon Jan 05 10:00:00 +0000 2026", "lang": "en", "text": "t"}
    with (tmp_path / "hot.json").open("w") as file:
        for number in range(100_000):
            tags = [{"text": "everybody"}, {"text": f"tag{chance.randrange(50)}"}]
            user = {"id": number + 10, "screen_name": f"u{number}", "description": ""}
            tweet = {**base, "id": number + 1, "user": user, "in_reply_to_user_id": 5, "entities": {"hashtags": tags}}
            file.write(json.dumps(tweet) + "\n")
    etl([tmp_path / "hot.json"], tmp_path / "duckdb.db", "duckdb")
    report = etl([tmp_path / "hot.json"], tmp_path / "spark.db", "spark")
    assert report.users == 100_001
    assert records_of(tmp_path / "spark.db") == records_of(tmp_path / "duckdb.db")


def test_a_damaged_file_is_one_line_and_leaves_the_store(tmp_path: Path, messy: list[Path]) -> None:
    etl(messy[:1], tmp_path / "store.db", "duckdb")
    before = (tmp_path / "store.db").read_bytes()
    (tmp_path / "cut.json.gz").write_bytes(messy[1].read_bytes()[:2000])
    with pytest.raises(UserError, match=r"cut\.json\.gz is not a whole compressed file"):
        etl([tmp_path / "cut.json.gz"], tmp_path / "store.db", "spark")
    assert (tmp_path / "store.db").read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == {"store.db", "cut.json.gz"}


def test_a_full_disk_is_one_line_and_leaves_the_store(tmp_path: Path, messy: list[Path]) -> None:
    etl(messy[:1], tmp_path / "store.db", "duckdb")
    before = (tmp_path / "store.db").read_bytes()
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", place], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("NOT RUN: a small disk needs root and mount")
    try:
        with pytest.raises(UserError, match=r"cannot work in .*No space left on device"):
            etl(messy, tmp_path / "store.db", "spark", work=place)
    finally:
        subprocess.run(["umount", place], check=True)
    assert (tmp_path / "store.db").read_bytes() == before


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[str]:
    """A standalone master with a worker of two cores, on loopback; yields the master's address."""
    import pyspark

    port, pages = free_port(), [free_port(), free_port()]
    spark_class = Path(pyspark.__file__).parent / "bin" / "spark-class"
    environment = os.environ | {"SPARK_LOCAL_IP": "127.0.0.1", "SPARK_WORKER_DIR": str(tmp_path / "worker")}
    master = ["org.apache.spark.deploy.master.Master", "--host", "127.0.0.1", "--port", str(port)]
    worker = ["org.apache.spark.deploy.worker.Worker", "--host", "127.0.0.1", "--cores", "2", "--memory", "3g"]
    processes = []
    try:
        for page, arguments in zip(pages, (master, [*worker, f"spark://127.0.0.1:{port}"]), strict=True):
            command = [str(spark_class), *arguments[:1], "--webui-port", str(page), *arguments[1:]]
            with (tmp_path / f"{page}.log").open("wb") as log:
                processes.append(subprocess.Popen(command, env=environment, stdout=log, stderr=log))
            time.sleep(5)
        yield f"spark://127.0.0.1:{port}"
    finally:
        for process in processes:
            process.terminate()
            process.wait(30)


def test_an_executor_that_is_killed_in_a_stage_changes_nothing(tmp_path: Path, messy: list[Path], cluster: str) -> None:
    (tmp_path / "work").mkdir()
    etl(messy, tmp_path / "duckdb.db", "duckdb")
    words = ["etl", *messy, "--popular", SHIPPED_TAGS, "--store", f"sqlite:///{tmp_path}/spark.db"]
    words += ["--engine", "spark", "--master", cluster, "--work", tmp_path / "work"]
    load = subprocess.Popen([*COMMAND, *map(str, words)], env=os.environ | {"SPARK_LOCAL_IP": "127.0.0.1"})
    deadline = time.monotonic() + 400
    while not list((tmp_path / "work").glob("crossover-etl-*/warehouse/tweets")):
        assert load.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.1)
    executors = [
        process
        for process in psutil.process_iter(["cmdline"])
        if cluster.rpartition(":")[2] not in " ".join(process.info["cmdline"] or ())
        and "CoarseGrainedExecutorBackend" in " ".join(process.info["cmdline"] or ())
        and str(tmp_path) in " ".join(process.info["cmdline"] or ()) + str(process.cwd())
    ]
    assert executors
    for process in executors:
        process.send_signal(signal.SIGKILL)
    assert load.wait(300) == 0
    assert records_of(tmp_path / "spark.db") == records_of(tmp_path / "duckdb.db")

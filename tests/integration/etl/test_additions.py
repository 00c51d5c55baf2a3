"""`crossover etl --keep` and `--add`: a store brought up to date without the old files, equal to one whole load."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.cli import main
from local.data.etl.increments import MANIFEST, open_kept
from local.data.etl.pipeline import EtlReport, run
from local.data.etl.popular import SHIPPED_TAGS, read_popular
from local.data.tweets.generator import Generator
from local.errors import UserError
from tests.support.stores import records_of

POPULAR = read_popular(Path(str(SHIPPED_TAGS)))
LINES = list(Generator(300, 5, sorted(POPULAR)).lines())
CHANGED = [
    line.replace(b'"lang":"en"', b'"lang":"fr"').replace(b'"text":"', b'"text":"other ').replace(b"00:", b"23:")
    for line in LINES[:60]
]
"""Copies of tweets with other texts and dates, so that which of them is kept shows in the store."""
ALL = [*LINES, *CHANGED]


def load(folder: Path, lines: list[bytes], *, add: bool = False, keep: bool = True) -> EtlReport:
    """Load lines into the store of a folder."""
    (folder / "tweets.json").write_bytes(b"\n".join(lines))
    url = f"sqlite:///{folder}/store.db"
    if not keep:
        return run([folder / "tweets.json"], POPULAR, url)
    with open_kept(folder / "kept", add=add) as kept:
        return run([folder / "tweets.json"], POPULAR, url, kept=kept, add=add)


def run_tool(*arguments: object) -> int:
    with pytest.raises(SystemExit) as end:
        main([str(argument) for argument in arguments])
    assert isinstance(end.value.code, int)
    return end.value.code


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[bytes, bytes]:
    """The records of one load of everything."""
    folder = tmp_path_factory.mktemp("whole")
    assert load(folder, ALL, keep=False).valid == 300
    return records_of(folder / "store.db")


@given(st.integers(0, 2**32), st.integers(2, 4))
@settings(max_examples=4)
def test_increments_in_any_order_and_division_make_the_store_of_one_load(
    whole: dict[bytes, bytes], tmp_path_factory: pytest.TempPathFactory, seed: int, pieces: int
) -> None:
    folder, chance = tmp_path_factory.mktemp("pieces"), Random(seed)
    lines = chance.sample(ALL, len(ALL)) + chance.sample(ALL, 30)  # some come twice
    cuts = [0, *sorted(chance.sample(range(1, len(lines)), pieces - 1)), len(lines)]
    for number, (start, end) in enumerate(pairwise(cuts)):
        report = load(folder, lines[start:end], add=number > 0)
        assert report.lines == end - start
    assert report.valid == 300
    assert records_of(folder / "store.db") == whole


@pytest.mark.heavy
@pytest.mark.parametrize("seed", range(20))
def test_many_increments_make_the_store_of_one_load(whole: dict[bytes, bytes], tmp_path: Path, seed: int) -> None:
    chance = Random(seed)
    lines = chance.sample(ALL, len(ALL))
    for number, start in enumerate(range(0, len(lines), 50)):
        load(tmp_path, lines[start : start + 50], add=number > 0)
    assert records_of(tmp_path / "store.db") == whole


def test_the_same_tweets_added_again_are_copies_and_change_no_record(tmp_path: Path) -> None:
    load(tmp_path, LINES)
    before = records_of(tmp_path / "store.db")
    report = load(tmp_path, LINES, add=True)
    assert (report.lines, report.valid) == (len(LINES), 300)
    assert sum(report.dropped.values()) == len(LINES)
    assert report.dropped["duplicate"] >= 300
    assert records_of(tmp_path / "store.db") == before


def test_a_load_without_add_keeps_its_own_tweets_alone(tmp_path: Path) -> None:
    load(tmp_path, LINES)
    load(tmp_path, LINES[:50])
    report = load(tmp_path, LINES[50:60], add=True)
    assert report.valid < 70
    assert [path.suffix for path in (tmp_path / "kept").glob("tweets-*")] == [".parquet"]


def test_what_is_refused_adds_nothing(tmp_path: Path) -> None:
    load(tmp_path, LINES)
    kept, before = (tmp_path / "kept" / MANIFEST).read_text(), records_of(tmp_path / "store.db")
    report = load(tmp_path, [b"no tweet"] * 1000, add=True)
    assert report.refusal() == "1,000 of 1,000 lines were dropped, 1,000 of them as: no JSON object"
    assert report.version == ""
    assert (tmp_path / "kept" / MANIFEST).read_text() == kept
    assert records_of(tmp_path / "store.db") == before


def test_a_store_that_cannot_be_loaded_loses_no_tweet(tmp_path: Path, whole: dict[bytes, bytes]) -> None:
    load(tmp_path, ALL[:200])
    (tmp_path / "store.db").unlink()
    (tmp_path / "store.db").mkdir()
    with pytest.raises(UserError):
        load(tmp_path, ALL[200:300], add=True)
    (tmp_path / "store.db").rmdir()
    load(tmp_path, ALL[300:], add=True)
    assert records_of(tmp_path / "store.db") == whole


def test_a_run_that_is_killed_leaves_store_and_kept_tweets_and_the_next_one_adds(
    tmp_path: Path, whole: dict[bytes, bytes]
) -> None:
    load(tmp_path, ALL[:300])
    before = records_of(tmp_path / "store.db")
    os.mkfifo(tmp_path / "endless")
    words = ["etl", tmp_path / "endless", "--add", "--keep", tmp_path / "kept", "--popular", SHIPPED_TAGS]
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "from local.cli import main; main()",
            *words,
            "--store",
            f"sqlite:///{tmp_path}/store.db",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with (tmp_path / "endless").open("wb"):
        while not list(tmp_path.glob("crossover-etl-*")):
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert records_of(tmp_path / "store.db") == before
    load(tmp_path, ALL[300:], add=True)
    assert records_of(tmp_path / "store.db") == whole


def test_what_a_killed_run_left_in_a_new_folder_is_its_own_and_goes(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    for name in (f".{MANIFEST}.4711", f"tweets-{'0' * 32}.parquet"):
        (tmp_path / "kept" / name).touch()
    load(tmp_path, LINES)
    assert len(list((tmp_path / "kept").iterdir())) == 2
    with open_kept(tmp_path / "kept", add=True) as kept:
        assert kept.tweets == 300


def test_two_runs_never_share_a_folder(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    descriptor = os.open(tmp_path / "kept", os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    with (
        pytest.raises(UserError, match=r"another run uses .*: wait for its end"),
        open_kept(tmp_path / "kept", add=False),
    ):
        pass
    os.close(descriptor)


@pytest.mark.parametrize(
    ("manifest", "says"),
    [
        ("{", "is damaged: load everything once"),
        ("[]", "is damaged"),
        ('{"format": 1, "file": "tweets-0.parquet", "tweets": 3}', "is damaged"),
        ('{"format": 1, "file": "../x.parquet", "tweets": 3}', "is damaged"),
        ('{"format": 1, "file": 7, "tweets": 3}', "is damaged"),
        ('{"format": 1}', "is damaged"),
        ('{"format": 2, "file": "tweets-0.parquet", "tweets": 3}', "is of format 2, and this version keeps format 1"),
    ],
)
def test_a_folder_that_cannot_be_read_is_one_line(tmp_path: Path, manifest: str, says: str) -> None:
    (tmp_path / MANIFEST).write_text(manifest)
    with pytest.raises(UserError, match=says), open_kept(tmp_path, add=True):
        pass


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda content: b"PAR1 and no more", id="cut"),
        pytest.param(lambda content: content[:100] + b"\xff" * 1000 + content[1100:], id="overwritten"),
    ],
)
def test_a_kept_file_that_is_damaged_is_one_line_and_leaves_the_store(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], damage: Callable[[bytes], bytes]
) -> None:
    load(tmp_path, LINES)
    before = records_of(tmp_path / "store.db")
    kept = next((tmp_path / "kept").glob("*.parquet"))
    kept.write_bytes(damage(kept.read_bytes()))
    words = ["etl", tmp_path / "tweets.json", "--add", "--keep", tmp_path / "kept", "--popular", SHIPPED_TAGS]
    assert run_tool(*words, "--store", f"sqlite:///{tmp_path}/store.db") == 2
    assert "damaged: load everything once with --keep" in " ".join(capsys.readouterr().err.split())
    assert records_of(tmp_path / "store.db") == before


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--add"], "--add needs --keep FOLDER"),
        (["--add", "--keep", "{folder}/none"], "has no kept tweets to add to: load once with --keep"),
        (["--keep", "{folder}"], "has other files, 'tweets.json' for instance"),
        (["--keep", "{folder}/tweets.json"], "cannot keep tweets in"),
    ],
)
def test_what_cannot_be_kept_or_added_to_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], says: str
) -> None:
    (tmp_path / "tweets.json").write_bytes(LINES[0])
    words = [option.format(folder=tmp_path) for option in options]
    store = f"sqlite:///{tmp_path}/store.db"
    assert run_tool("etl", tmp_path / "tweets.json", "--popular", SHIPPED_TAGS, "--store", store, *words) == 2
    error = capsys.readouterr().err
    assert says in " ".join(error.split())
    assert not (tmp_path / "store.db").exists()


def test_the_kept_tweets_are_a_table_that_any_tool_reads(tmp_path: Path) -> None:
    load(tmp_path, LINES)
    manifest = json.loads((tmp_path / "kept" / MANIFEST).read_text())
    table = pq.read_table(tmp_path / "kept" / manifest["file"])
    assert table.num_rows == manifest["tweets"] == 300
    assert table.schema.field("hashtags").type.value_type == pa.string()

"""`crossover etl` and `crossover tweets` as processes: what they leave behind, whatever happens to them."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from local.cli import main
from local.data.etl.parsing import REASONS, Row, parse
from local.data.etl.pipeline import EtlReport, run
from local.data.etl.popular import SHIPPED_TAGS, read_popular
from local.data.tweets.generator import Generator
from local.errors import UserError
from tests.support.stores import records_of

COMMAND = [sys.executable, "-c", "from local.cli import main; main()"]


def crossover(*arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *map(str, arguments)], capture_output=True, encoding="utf-8", check=False, timeout=120, **options
    )


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.fixture(scope="module")
def lines() -> list[bytes]:
    return list(Generator(600, 11, sorted(read_popular(Path(str(SHIPPED_TAGS))))).lines())


@pytest.fixture
def popular(tmp_path: Path) -> Path:
    path = tmp_path / "popular.txt"
    path.write_bytes(SHIPPED_TAGS.read_bytes())
    return path


@pytest.fixture(scope="module")
def first_load(tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]) -> bytes:
    """The bytes of a small store."""
    folder = tmp_path_factory.mktemp("first")
    (folder / "first.json").write_bytes(b"\n".join(lines[:20]) + b"\n")
    etl([folder / "first.json"], Path(str(SHIPPED_TAGS)), folder / "store.db")
    return (folder / "store.db").read_bytes()


@pytest.fixture
def loaded(tmp_path: Path, first_load: bytes) -> Path:
    """A store with a load that must survive."""
    (tmp_path / "store.db").write_bytes(first_load)
    return tmp_path / "store.db"


def etl(files: list[Path], popular: Path, store: Path, work: Path | None = None) -> EtlReport:
    """The same in this process, which saves the start of another."""
    return run(files, read_popular(popular), f"sqlite:///{store}", work)


@pytest.mark.essential
def test_tweets_made_by_the_command_go_through_the_etl(tmp_path: Path) -> None:
    tweets, popular = tmp_path / "tweets.json.gz", tmp_path / "popular.txt"
    made = crossover("tweets", "--count", 700, "--seed", 3, "--out", tweets, "--popular", popular, "--json")
    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout)["tweets"] == 700
    done = crossover("etl", tweets, "--popular", popular, "--store", f"sqlite:///{tmp_path}/s.db", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["valid"] == 700
    assert report["lines"] == gzip.decompress(tweets.read_bytes()).count(b"\n") == 700 + sum(report["dropped"].values())
    assert list(report["dropped"]) == list(REASONS)
    assert report["records"] == len(records_of(tmp_path / "s.db"))
    assert report["store_bytes"] == (tmp_path / "s.db").stat().st_size
    assert names(tmp_path) == {"tweets.json.gz", "popular.txt", "s.db"}


@pytest.mark.no_cover
def test_neither_a_second_run_nor_the_order_of_files_or_lines_changes_a_record(
    tmp_path: Path, popular: Path, lines: list[bytes]
) -> None:
    copies = [
        line.replace(b'"lang":"en"', b'"lang":"fr"').replace(b'"text":"', b'"text":"other ') for line in lines[:80]
    ]
    (tmp_path / "a.json").write_bytes(b"\n".join(lines[:400] + copies))
    (tmp_path / "b.json.gz").write_bytes(gzip.compress(b"\r\n".join(lines[200:])))
    (tmp_path / "all.json").write_bytes(b"\n".join(reversed(lines + copies)))
    store = tmp_path / "store.db"
    found = []
    for files in (["a.json", "b.json.gz"], ["b.json.gz", "a.json"], ["all.json"]):
        assert etl([tmp_path / name for name in files], popular, store).valid == 600
        found.append(records_of(store))
    assert found[0]
    assert all(one == found[0] for one in found)


def test_a_killed_run_leaves_the_old_store_and_the_next_run_clears_up(
    tmp_path: Path, loaded: Path, popular: Path
) -> None:
    before = loaded.read_bytes()
    (tmp_path / "many.json").write_bytes(b"".join(Generator(4000, 1, []).blocks()))
    arguments = ["etl", tmp_path / "many.json", "--popular", popular, "--store", f"sqlite:///{loaded}"]
    for wanted in ("crossover-etl-*/stages.duckdb", ".store.db.loading-*"):
        process = subprocess.Popen(
            [*COMMAND, *map(str, arguments)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline = time.monotonic() + 60
        while not list(tmp_path.glob(wanted)) and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
        os.killpg(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL, f"killed when {wanted} was there"
        assert loaded.read_bytes() == before
    assert list(tmp_path.glob("crossover-etl-*"))
    assert etl([tmp_path / "many.json"], popular, loaded).valid == 4000
    assert names(tmp_path) == {"many.json", "popular.txt", "store.db"}


def test_a_run_asked_to_stop_takes_its_intermediate_data_along(tmp_path: Path, loaded: Path, popular: Path) -> None:
    before = loaded.read_bytes()
    os.mkfifo(tmp_path / "endless")
    process = subprocess.Popen(
        [*COMMAND, "etl", tmp_path / "endless", "--popular", popular, "--store", f"sqlite:///{loaded}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with (tmp_path / "endless").open("wb"):
        assert list(tmp_path.glob("crossover-etl-*"))
        process.terminate()
        assert process.wait(60) == 128 + signal.SIGTERM
    assert loaded.read_bytes() == before
    assert not list(tmp_path.glob("crossover-etl-*"))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", place], capture_output=True, check=False)
    if mount.returncode:
        pytest.skip("NOT RUN: mounting a small disk takes root: sudo make test")
    try:
        yield place
    finally:
        subprocess.run(["umount", place], check=True)


@pytest.mark.parametrize("elsewhere", [False, True], ids=["work beside the store", "work on another disk"])
def test_a_full_disk_leaves_the_old_store_and_one_clear_line(
    tmp_path: Path, small_disk: Path, popular: Path, first_load: bytes, elsewhere: bool
) -> None:
    tweets, work = tmp_path / "tweets.json", tmp_path / "work"
    store = small_disk / "store.db"
    store.write_bytes(first_load)
    tweets.write_bytes(b"".join(Generator(4000, 1, []).blocks()))
    with pytest.raises(UserError, match=str(small_disk)):
        etl([tweets], popular, store, work if elsewhere else None)
    assert store.read_bytes() == first_load
    assert names(small_disk) == {"store.db"}
    assert not elsewhere or not names(work)


def test_a_limit_on_the_size_of_files_is_met_like_a_full_disk(tmp_path: Path, loaded: Path, popular: Path) -> None:
    before = loaded.read_bytes()
    tweets = tmp_path / "tweets.json"
    tweets.write_bytes(b"".join(Generator(2000, 1, []).blocks()))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
    try:
        with pytest.raises(UserError, match="File too large"):
            etl([tweets], popular, loaded)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert loaded.read_bytes() == before
    assert names(tmp_path) == {"tweets.json", "popular.txt", "store.db"}


def test_a_cut_gzip_file_leaves_the_old_store(tmp_path: Path, loaded: Path, popular: Path, lines: list[bytes]) -> None:
    before = loaded.read_bytes()
    cut = tmp_path / "cut.json.gz"
    cut.write_bytes(gzip.compress(b"\n".join(lines))[:-9])
    with pytest.raises(UserError, match="not a whole compressed file"):
        etl([cut], popular, loaded)
    assert loaded.read_bytes() == before


def refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    """Return what a command printed and its error, after asserting that this is one line with exit status 2."""
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    printed = capsys.readouterr()
    assert printed.err.count("\n") == 1
    return printed.out, printed.err


def test_input_without_a_valid_tweet_is_reported_and_leaves_the_old_store(
    tmp_path: Path, loaded: Path, popular: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = loaded.read_bytes()
    (tmp_path / "none.json").write_bytes(b"{}\n[]\n\n")
    arguments = ["etl", str(tmp_path / "none.json"), "--popular", str(popular), "--store", f"sqlite:///{loaded}"]
    table, message = refused(arguments, capsys)
    assert "no valid tweet" in message
    for words in ("lines", "dropped: no JSON object", "dropped: no id", "valid tweets", "seconds to parse"):
        assert words in table
    printed, message = refused([*arguments, "--json"], capsys)
    assert "no valid tweet" in message
    report = json.loads(printed)
    assert (report["lines"], report["dropped"]["not_json"], report["dropped"]["no_id"]) == (3, 2, 1)
    assert loaded.read_bytes() == before


def test_input_of_which_nearly_all_is_dropped_is_refused_unless_forced(
    tmp_path: Path, loaded: Path, popular: Path, lines: list[bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    before = loaded.read_bytes()
    whole = [line for line in lines if isinstance(parse(line), Row)][:9]
    (tmp_path / "v2.json").write_bytes(b"\n".join([*whole, *[b'{"data":{"id":"1","text":"x"}}'] * 20]))
    arguments = ["etl", str(tmp_path / "v2.json"), "--popular", str(popular), "--store", f"sqlite:///{loaded}"]
    printed, message = refused([*arguments, "--json"], capsys)
    assert "20 of 29 lines were dropped, 20 of them as: in the format of API v2" in message
    assert "--force" in message
    assert json.loads(printed)["loaded"] is False
    assert loaded.read_bytes() == before
    with pytest.raises(SystemExit) as end:
        main([*arguments, "--force"])
    assert not end.value.code
    assert loaded.read_bytes() != before


@pytest.mark.parametrize(
    ("unreadable", "unwanted", "valid", "refused"),
    [(50, 0, 50, False), (51, 0, 49, True), (0, 990, 10, False), (0, 991, 9, True), (0, 0, 0, True)],
)
def test_input_is_refused_from_certain_shares_on(unreadable: int, unwanted: int, valid: int, refused: bool) -> None:
    dropped = dict.fromkeys(REASONS, 0) | {"no_id": unreadable, "no_hashtags": unwanted}
    report = EtlReport(1, unreadable + unwanted + valid, dropped, valid, {})
    assert (report.refusal() is not None) is refused


@pytest.mark.no_cover
def test_arrays_byte_order_marks_and_compression_change_no_record(
    tmp_path: Path, popular: Path, lines: list[bytes]
) -> None:
    whole = [line for line in lines if isinstance(parse(line), Row)][:300]
    array = b"[" + b",\n".join(whole) + b"]"
    forms = {
        "lines": b"\n".join(whole),
        "mark": b"\xef\xbb\xbf" + b"\n".join(whole),
        "array": array,
        "array.bz2": bz2.compress(array),
        "lines.xz": lzma.compress(b"\n".join(whole)),
        "lines.zst": pa.Codec("zstd").compress(b"\n".join(whole), asbytes=True),
        "arrays": b"\n".join(b"[" + b",".join(whole[at : at + 7]) + b"]" for at in range(0, 300, 7)),
        "printed": json.dumps([json.loads(line) for line in whole], indent=2).encode(),
    }
    stored = {}
    for name, content in forms.items():
        (tmp_path / name).write_bytes(content)
        report = etl([tmp_path / name], popular, tmp_path / "store.db")
        assert (report.lines, report.valid) == (300, len({parse(line)[0] for line in whole})), name
        stored[name] = records_of(tmp_path / "store.db")
    assert all(found == stored["lines"] for found in stored.values())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["etl"], "tweets"),
        (["etl", "T"], "--popular"),
        (["etl", "T", "--popular", "P"], "--store"),
        (["etl", "none/*.json", "--popular", "P", "--store", "sqlite:///s.db"], "no file matches"),
        (["etl", "T", "--popular", "none", "--store", "sqlite:///s.db"], "popular tags"),
        (["etl", "T", "--popular", "P", "--store", "s.db"], "sqlite://"),
        (["etl", "T", "--popular", "P", "--store", "oracle://x"], "sqlite://"),
        (["etl", "T", "--popular", "P", "--store", "sqlite:///"], "sqlite:///PATH"),
        (["etl", "T", "--popular", "P", "--store", "sqlite:///."], "folder"),
        (["etl", "T", "--popular", "P", "--store", "sqlite:///T/s.db"], "cannot"),
        (["etl", "T", "--popular", "P", "--store", "sqlite:///s.db", "--work", "P"], "cannot"),
        (["tweets", "--count", "0", "--out", "o", "--popular", "p"], "--count"),
        (["tweets", "--count", "ten", "--out", "o", "--popular", "p"], "--count"),
        (["tweets", "--count", "1", "--out", "T/o", "--popular", "p"], "cannot write"),
        (["tweets", "--count", "1", "--out", ".", "--popular", "p"], "cannot write"),
    ],
)
def test_bad_arguments_are_one_line_that_says_what_to_do(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("T").write_bytes(b"{}\n")
    Path("P").write_bytes(b"now\n")
    assert words in refused(arguments, capsys)[1]

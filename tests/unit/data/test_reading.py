"""Files to blocks of whole lines."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pyarrow as pa
import pytest

from local.data.etl import reading
from local.data.etl.documents import DocumentError, is_document, values
from local.data.etl.parts import parse_block
from local.data.etl.popular import SHIPPED_TAGS, parse_popular, read_popular
from local.data.etl.reading import BLOCK_BYTES, MAX_LINE_BYTES, blocks, input_files
from local.errors import UserError


def zstd(content: bytes) -> bytes:
    return pa.Codec("zstd").compress(content, asbytes=True)  # type: ignore[no-any-return]


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_lines_end_at_newlines_and_nowhere_else(tmp_path: Path) -> None:
    content = "a\r\nb\u2028c\x0bd\x85e\x1cf\n\n  \nlast without newline".encode()
    counts = parse_block((tmp_path / "part.parquet", content))
    assert (counts["lines"], counts["not_json"]) == (5, 5)


def test_a_newline_at_the_end_begins_no_line(tmp_path: Path) -> None:
    assert parse_block((tmp_path / "part.parquet", b"a\nb\n"))["lines"] == 2


def test_a_line_that_is_not_utf8_harms_no_other(tmp_path: Path) -> None:
    counts = parse_block((tmp_path / "part.parquet", b'\xff\n{}\n{"id":1}\n\xed\xa0\x80\n'))
    assert {name: count for name, count in counts.items() if count} == {
        "lines": 4,
        "not_utf8": 2,
        "no_id": 1,
        "no_user_id": 1,
    }


@pytest.mark.parametrize(
    "pack",
    [bytes, partial(gzip.compress, compresslevel=1), partial(bz2.compress, compresslevel=1), lzma.compress, zstd],
    ids=["plain", "gzip", "bzip2", "xz", "zstd"],
)
def test_blocks_are_whole_lines_and_together_the_file(tmp_path: Path, pack: object) -> None:
    content = b"".join(b"%d" % number * (number % 40) + b"\n" for number in range(90_000))
    path = written(tmp_path / "any name", pack(content))  # type: ignore[operator]
    seen: list[int] = []
    found = list(blocks(path, seen.append))
    assert b"".join(found) == content
    assert all(block.endswith(b"\n") for block in found)
    assert len(found) > 1
    assert sum(seen) == path.stat().st_size


def test_an_empty_file_has_no_blocks(tmp_path: Path) -> None:
    assert list(blocks(written(tmp_path / "empty", b""))) == []
    assert list(blocks(written(tmp_path / "empty.gz", gzip.compress(b"")))) == []


def test_a_line_without_end_is_given_up_and_the_next_ones_are_read(tmp_path: Path) -> None:
    path = tmp_path / "long"
    with path.open("wb") as file:
        file.write(b"first\n{")
        for _ in range(MAX_LINE_BYTES // BLOCK_BYTES + 3):
            file.write(b"x" * BLOCK_BYTES)
        file.write(b"}\nlast\n")
    found = b"".join(blocks(path))
    assert found.startswith(b"first\n{xxx")
    assert found.endswith(b"x\nlast\n")
    assert found.count(b"\n") == 3
    assert len(found) < 1000


def test_files_are_found_by_name_and_glob_each_once(tmp_path: Path) -> None:
    for name in ("b.json", "a.json", "c.txt", "[odd].json"):
        written(tmp_path / name, b"")
    (tmp_path / "folder.json").mkdir()
    found = input_files([f"{tmp_path}/*.json", f"{tmp_path}/a.json", f"{tmp_path}/[odd].json"])
    assert [path.name for path in found] == ["[odd].json", "a.json", "b.json"]


@pytest.mark.parametrize("pattern", ["nothing", "*.none", "."])
def test_a_name_that_finds_no_file_is_an_error(tmp_path: Path, pattern: str) -> None:
    with pytest.raises(UserError, match="no file matches"):
        input_files([f"{tmp_path}/{pattern}"])


def test_a_gzip_file_that_was_cut_is_an_error(tmp_path: Path) -> None:
    whole = gzip.compress(bytes(range(256)) * 1000)
    for content in (whole[:-3], whole[:30], whole[:50] + b"damage" + whole[56:]):
        with pytest.raises(UserError, match="not a whole compressed file"):
            list(blocks(written(tmp_path / "cut.gz", content)))


def test_frames_of_zstd_one_after_the_other_are_one_file(tmp_path: Path) -> None:
    content = b"".join(b"%d\n" % number for number in range(1000))
    packed = zstd(content[:1234]) + zstd(content[1234:])
    assert b"".join(blocks(written(tmp_path / "frames", packed))) == content
    for end in (-3, 20):
        with pytest.raises(UserError, match="not a whole compressed file"):
            list(blocks(written(tmp_path / "cut", packed[:end])))


@pytest.mark.parametrize("pack", [bz2.compress, lzma.compress])
def test_a_damaged_bzip2_or_xz_file_is_an_error(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    whole = pack(bytes(range(256)) * 1000)
    for content in (whole[:-3], whole[:30], whole[:50] + b"damage" + whole[56:]):
        with pytest.raises(UserError, match="not a whole compressed file"):
            list(blocks(written(tmp_path / "cut", content)))


@pytest.mark.parametrize(
    ("content", "advice"),
    [
        (b"PK\x03\x04" + bytes(20), "zip archive: unpack it"),
        (b"PAR1" + bytes(20), "Parquet"),
        ('{"id": 1}\n'.encode("utf-16"), "UTF-16: convert it first"),
        (gzip.compress('{"id": 1}\n'.encode("utf-16"), mtime=0), "UTF-16: convert it first"),
        (bz2.compress(b"name".ljust(257, b"\0") + b"ustar" + bytes(250)), "tar archive: unpack it"),
    ],
    ids=["zip", "parquet", "utf-16", "utf-16 in gzip", "tar in bzip2"],
)
def test_a_file_of_another_kind_is_refused_by_its_name(tmp_path: Path, content: bytes, advice: str) -> None:
    with pytest.raises(UserError, match=advice) as problem:
        list(blocks(written(tmp_path / "odd", content)))
    assert "\n" not in str(problem.value)


OBJECTS = [
    {"id": number, "text": 'brackets ] } " \\ and \u00e9\n' * (number % 4), "n": {"a": [1, []]}} for number in range(40)
]
LINES = b"".join(json.dumps(one).encode() + b"\n" for one in OBJECTS)


@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize(
    "text",
    [
        json.dumps(OBJECTS),
        json.dumps(OBJECTS, indent=2),
        json.dumps(OBJECTS, indent="\t", ensure_ascii=False).replace("\n", "\r\n"),
        "[" + ",\n".join(map(json.dumps, OBJECTS)) + "]\n",
        "[\n" + "\n,".join(map(json.dumps, OBJECTS)) + "\n]",
        "\n".join(json.dumps(one, indent=1) for one in OBJECTS),
        " \n\n" + json.dumps(OBJECTS, indent=2),
    ],
)
@pytest.mark.parametrize("chunk", [1, 7, 1_000, 2**20])
def test_a_document_over_several_lines_is_read_as_one_value_a_line(bom: bytes, text: str, chunk: int) -> None:
    content = bom + text.encode()
    assert is_document(content)
    chunks = (content[at : at + chunk] for at in range(0, len(content), chunk))
    assert [json.loads(value) for value in values(chunks, 10_000)] == OBJECTS
    assert not any(b"\n" in value for value in values([content], 10_000))


@pytest.mark.parametrize("content", [LINES, b"\n\n" + LINES, b"{damaged\n" + LINES, b"[1]\n" + LINES, b"", b"x\n[\n"])
def test_a_file_of_lines_is_no_document(content: bytes) -> None:
    assert not is_document(content)


def test_a_document_with_a_text_that_is_not_utf_8_loses_that_value_alone(tmp_path: Path) -> None:
    content = b'[\n{"id": 1},\n{"id": "\xff"},\n{"id": 3}\n]'
    (block,) = blocks(written(tmp_path / "array", content))
    assert block == b'{"id": 1}\n{"id": "\xff"}\n{"id": 3}\n'
    assert parse_block((tmp_path / "part", block))["not_utf8"] == 1


@pytest.mark.parametrize(
    "content", [b'[\n{"id": 1},\n{"id": ', b'[\n{"id": 1} {]\n', b"[\n" + b"[" * 100_000 + b"x", b"[\nNaNs"]
)
def test_a_document_that_is_no_json_is_refused_with_the_place(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(UserError, match=r"is not one JSON document, from byte \d+.* on: give the tweets one a line"):
        list(blocks(written(tmp_path / "array", content)))


def test_a_document_whose_value_has_no_end_is_given_up() -> None:
    read = 0

    def chunks() -> Iterator[bytes]:
        nonlocal read
        yield b'[\n{"text": "'
        while True:
            read += 1_000
            yield b"x" * 1_000

    with pytest.raises(DocumentError):
        list(values(chunks(), 10_000))
    assert read < 20_000


def test_arrays_in_lines_are_read_tweet_by_tweet(tmp_path: Path) -> None:
    counts = parse_block((tmp_path / "part", b'[{"id":1},{"id":2}]\n[{"x":1}]\n[1,2]\n[]\n{"id":3}\n[{"id":4},{"id\n'))
    assert {name: count for name, count in counts.items() if count} == {
        "lines": 8,
        "no_user_id": 4,
        "no_id": 1,
        "not_json": 3,
    }


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot read"):
        list(blocks(tmp_path / "gone"))


def test_popular_tags_are_one_a_line_in_lower_case_without_the_space_around() -> None:
    content = "\ufeffNow\r\n\n  TODAY\t\n\u3000İstanbul ΑΣ\nnow\n#Hash".encode()
    assert parse_popular(content) == {"now", "today", "i̇stanbul ας", "#hash"}


def test_a_popular_list_that_is_not_there_or_not_utf8_or_far_too_long_is_an_error(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path, written(tmp_path / "bad", b"caf\xe9")):
        with pytest.raises(UserError, match="popular tags"):
            read_popular(path)
    huge = tmp_path / "huge"
    with huge.open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(UserError, match="larger than"):
        read_popular(huge)


def test_the_shipped_list_is_short_and_in_use() -> None:
    assert 20 < len(parse_popular(SHIPPED_TAGS.read_bytes())) < 200


def test_the_limits_are_far_above_any_tweet() -> None:
    assert reading.MAX_LINE_BYTES > 2**20

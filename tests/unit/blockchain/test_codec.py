"""From `cc` to values: what is taken, what is refused, and how much work a hostile request can make."""

import base64
import json
import random
import zlib
from dataclasses import replace
from itertools import product

import msgspec
import pytest

from crossover.seam import Invalid
from functions.blockchain.codec import decode, encode, inflate, same
from functions.blockchain.ledger import ChainRequest, Transaction
from functions.blockchain.limits import ChainLimits
from tests.reference import blockchain as reference

LIMITS = ChainLimits()
REWARD = {"recv": 1, "amt": 2, "time": "3", "hash": "4"}
SIGNED = {"sig": 1, "recv": 2, "fee": 3, "amt": 4, "time": "5", "send": 6, "hash": "7"}
OWN = {"recv": 1, "amt": 2, "time": "3"}
BLOCK = {"all_tx": [SIGNED, REWARD], "pow": "0", "id": 0, "hash": "h", "target": "t"}
REQUEST = {"chain": [BLOCK], "new_target": "t", "new_tx": [SIGNED, OWN]}
TEXT = json.dumps(REQUEST, separators=(",", ":"))
CC = reference.packed(REQUEST)


class Meter:
    """Inflates and parses as the service does, and counts what that makes."""

    def __init__(self) -> None:
        self.streams = self.inflated = self.parsed = self.objects = 0

    def stream(self) -> "Meter":
        self.streams += 1
        self._inflating = zlib.decompressobj()
        return self

    def decompress(self, data: bytes, most: int) -> bytes:
        text = self._inflating.decompress(data, most)
        self.inflated += len(text)
        return text

    @property
    def eof(self) -> bool:
        return self._inflating.eof

    @property
    def unused_data(self) -> bytes:
        return self._inflating.unused_data

    def parse(self, text: bytes) -> ChainRequest:
        self.parsed += len(text)
        asked = msgspec.json.decode(text, type=ChainRequest)
        self.objects += 1 + len(asked.chain) + len(asked.transactions)
        return asked


def reason(cc: bytes, limits: ChainLimits = LIMITS, meter: Meter | None = None) -> str:
    meter = meter or Meter()
    with pytest.raises(Invalid) as caught:
        decode(cc, limits, meter.stream, meter.parse)
    return caught.value.code


def text_reason(text: str | bytes) -> str:
    return reason(reference.packed(text if isinstance(text, bytes) else text.encode()))


def test_a_request_is_taken_with_all_its_values() -> None:
    asked = decode(CC, LIMITS)
    assert json.loads(msgspec.json.encode(asked)) == REQUEST
    assert [len(place) for place in asked.by_place()] == [2, 2]
    assert asked.transactions == [*asked.chain[0].all_tx, *asked.new_tx]
    assert [asked.place(each) for each in asked.transactions] == [(0, 0), (0, 1), (None, 0), (None, 1)]
    with pytest.raises(LookupError):
        asked.place(msgspec.convert(OWN, Transaction))


@pytest.mark.parametrize("length", range(3))
def test_padding_may_be_there_or_missing_whole(length: int) -> None:
    text = (TEXT + " " * length).encode()
    for level in range(10):
        cc = base64.urlsafe_b64encode(zlib.compress(text, level))
        assert inflate(cc, LIMITS) == inflate(cc.rstrip(b"="), LIMITS) == text


def padded(count: int) -> bytes:
    """A right `cc` with so many signs of padding."""
    for spaces in range(100):
        cc = reference.packed((TEXT + " " * spaces).encode())
        if cc.count(b"=") == count:
            return cc
    raise AssertionError


@pytest.mark.parametrize(
    "cc",
    [
        b"",
        b"=",
        b"====",
        CC + b"====",
        padded(0) + b"=",
        padded(1) + b"=",
        padded(2) + b"=",
        padded(2)[:-1],
        padded(0) + b"A",
        padded(0)[:-3] + b"=" + padded(0)[-3:],
        padded(2) + padded(2),
        CC[:20] + b"=" + CC[20:],
        CC[:20] + b"\n" + CC[20:],
        CC[:20] + b" " + CC[20:],
        CC + b"\n",
        b" " + CC,
        CC[:-1] + b"\0",
        CC[:20] + b"\xc3\xa9" + CC[22:],
        b"\xff" * 400,
        b"%" + CC,
        b"a",
    ],
)
def test_what_is_no_url_safe_base64_is_refused_before_anything_is_inflated(cc: bytes) -> None:
    meter = Meter()
    assert reason(cc, meter=meter) == "encoding"
    assert meter.parsed == 0
    assert meter.inflated == 0 or cc == b""
    with pytest.raises(reference.Broken, match="encoding"):
        reference.read(cc)


@pytest.mark.parametrize("character", [b"+", b"/"])
def test_the_characters_of_standard_base64_are_refused(character: bytes) -> None:
    text = b"".join(bytes([k]) for k in range(256))
    cc = base64.urlsafe_b64encode(zlib.compress(text, 0))
    assert inflate(cc, LIMITS) == text
    for theirs, ours in ((b"-", b"+"), (b"_", b"/")):
        if ours == character:
            assert theirs in cc
            assert reason(cc.replace(theirs, ours)) == "encoding"


@pytest.mark.parametrize("cut", [1, 2, 5, 20, 100])
def test_a_stream_that_is_cut_off_is_refused(cut: int) -> None:
    packed = zlib.compress(TEXT.encode())
    assert reason(base64.urlsafe_b64encode(packed[:-cut])) == "encoding"


def test_bytes_after_a_stream_are_refused_another_stream_too() -> None:
    packed = zlib.compress(TEXT.encode())
    for more in (b"\0", b"\n", packed, zlib.compress(b"")):
        assert reason(base64.urlsafe_b64encode(packed + more)) == "encoding"


def test_only_a_zlib_stream_without_a_dictionary_is_taken() -> None:
    def packed(bits: int, **options: bytes) -> bytes:
        deflating = zlib.compressobj(9, zlib.DEFLATED, bits, **options)
        return base64.urlsafe_b64encode(deflating.compress(TEXT.encode()) + deflating.flush())

    assert decode(packed(15), LIMITS) == decode(packed(9), LIMITS) == decode(CC, LIMITS)
    for other in (packed(31), packed(-15), packed(15, zdict=TEXT.encode())):
        assert reason(other) == "encoding"


def test_a_stream_with_a_wrong_checksum_is_refused() -> None:
    packed = zlib.compress(TEXT.encode())
    assert reason(base64.urlsafe_b64encode(packed[:-1] + bytes([packed[-1] ^ 1]))) == "encoding"


def test_white_space_and_any_order_of_keys_are_fine() -> None:
    turned = json.dumps(json.loads(TEXT, object_pairs_hook=lambda pairs: dict(reversed(pairs))), indent=3)
    for text in (f" \t\r\n{TEXT}\n", turned, TEXT.replace(":", " :\n").replace(",", "\t, ")):
        assert decode(reference.packed(text.encode()), LIMITS) == decode(CC, LIMITS)


def test_escapes_stand_for_what_they_mean() -> None:
    text = TEXT.replace('"chain"', r'"\u0063hain"').replace('"t"', r'"\"\\\/\t\u0041:"')
    assert decode(reference.packed(text.encode()), LIMITS).new_target == '"\\/\tA:'
    assert reference.read(reference.packed(text.encode()))["new_target"] == '"\\/\tA:'


def test_quotes_and_backslashes_within_a_text_are_told_from_quotes_around_it() -> None:
    for characters in product('\\"n', repeat=4):
        request = {**REQUEST, "new_target": "".join(characters)}
        assert decode(reference.packed(request), LIMITS).new_target == request["new_target"]
        assert text_reason(json.dumps(request)[:-1] + ',"new_tx":[]}') == "shape"


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "null",
        "[]",
        "{}",
        '"chain"',
        "0",
        TEXT + "x",
        TEXT + TEXT,
        TEXT + "\0",
        TEXT + "\u00a0",
        "\ufeff" + TEXT,
        TEXT[:-1],
        TEXT[:-1] + ",}",
        TEXT.replace(",", ",,", 1),
        TEXT.replace('"', "'"),
        TEXT.replace('"t"', '"\t"'),
        TEXT.replace('"t"', '"\0"'),
        TEXT.replace('"t"', r'"\x41"'),
        TEXT.replace('"t"', r'"\u00"'),
        TEXT.replace('"t"', r'"\ud800"'),
        TEXT.replace('"t"', r'"\udc00\ud800"'),
        TEXT.replace('"t"', r'"\u00e9"'),
        TEXT.replace('"t"', r'"\ud83d\ude00"'),
        TEXT.replace('"t"', '"é"'),
        TEXT.replace('"5"', r'"\u0665"'),
        TEXT.encode("utf-16"),
        TEXT.encode().replace(b'"t"', b'"\xff"'),
        TEXT.encode().replace(b'"t"', b'"\xed\xa0\x80"'),
        TEXT + "// a comment",
        TEXT.replace("{", "{/**/", 1),
    ],
)
def test_what_is_not_strictly_json_of_ascii_texts_is_refused(text: str | bytes) -> None:
    assert text_reason(text) == "shape"


NO_FLOAT = ("1.0", "1e0", "1E2", "-0.0", "0.5", "5.", ".5", "NaN", "Infinity", "-Infinity")
NO_LITERAL = ("01", "-01", "+1", "0x1", "1_0", "-", '"1"')
TOO_LARGE = ("9223372036854775808", "18446744073709551616", "1" + "0" * 30, "1" * 5000, "-1", "-9223372036854775808")


@pytest.mark.parametrize("number", [*NO_FLOAT, *NO_LITERAL, *TOO_LARGE])
def test_a_number_that_is_no_integer_from_0_below_2_to_the_63rd_is_refused(number: str) -> None:
    for key, value in (("id", 0), ("sig", 1), ("recv", 2), ("send", 6)):
        assert f'"{key}":{value}' in TEXT
        assert text_reason(TEXT.replace(f'"{key}":{value}', f'"{key}":{number}', 1)) == "shape"


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("-0", 0), ("9223372036854775807", 2**63 - 1)])
def test_integers_of_64_bits_are_exact(text: str, number: int) -> None:
    cc = reference.packed(TEXT.replace('"sig":1', f'"sig":{text}').encode())
    assert decode(cc, LIMITS).chain[0].all_tx[0].sig == number
    assert reference.read(cc)["chain"][0]["all_tx"][0]["sig"] == number


def test_a_key_given_twice_is_refused_even_where_the_second_value_is_empty_or_the_same() -> None:
    for again in ('"new_tx":[],', '"new_target":"t",', r'"new_t\u0078":[],', '"chain":[],', '"new_tx": [] ,\n'):
        assert text_reason("{" + again + TEXT[1:]) == "shape"


def test_a_zlib_bomb_is_inflated_to_the_limit_and_one_byte_and_not_parsed() -> None:
    meter = Meter()
    bomb = reference.packed(b" " * 9_000_000)
    assert len(bomb) <= LIMITS.cc_max_characters
    assert reason(bomb, meter=meter) == "limit"
    assert (meter.streams, meter.inflated, meter.parsed) == (1, LIMITS.cc_max_bytes + 1, 0)
    nested = reference.packed(zlib.compress(b"0" * 100_000_000))
    assert reason(nested, meter=meter) == "shape"


def test_as_many_bytes_as_the_limit_are_read_and_one_more_is_not() -> None:
    meter = Meter()
    full = TEXT.encode() + b" " * (LIMITS.cc_max_bytes - len(TEXT))
    assert decode(reference.packed(full), LIMITS, meter.stream, meter.parse) == decode(CC, LIMITS)
    assert meter.inflated == meter.parsed == LIMITS.cc_max_bytes
    assert reason(reference.packed(full + b" ")) == "limit"


def test_a_cc_that_is_too_long_is_not_looked_at() -> None:
    meter = Meter()
    assert reason(b"=" * (LIMITS.cc_max_characters + 1), meter=meter) == "limit"
    assert meter.streams == 0
    assert reason(b"=" * LIMITS.cc_max_characters, meter=meter) == "encoding"
    assert reason(CC, replace(LIMITS, cc_max_characters=len(CC) - 1)) == "limit"
    assert decode(CC, replace(LIMITS, cc_max_characters=len(CC)))


def test_garbage_of_12_kilobytes_makes_no_object() -> None:
    chance = random.Random(12)
    for _ in range(200):
        meter = Meter()
        cc = base64.urlsafe_b64encode(chance.randbytes(9216))
        assert reason(cc, meter=meter) == "encoding"
        assert (meter.parsed, meter.objects) == (0, 0)
        assert meter.inflated <= LIMITS.cc_max_bytes + 1


@pytest.mark.parametrize(
    "opening", ["[", '{"chain":', '{"chain":[{"all_tx":', '{"chain":[{"all_tx":[{"sig":[', '{"x":']
)
def test_deep_json_is_refused_and_makes_no_object(opening: str) -> None:
    meter = Meter()
    deep = opening + "[" * 500_000 + "]" * 500_000
    assert reason(reference.packed(deep.encode()), meter=meter) == "shape"
    assert meter.objects == 0
    assert meter.parsed == len(deep)


def test_blocks_and_transactions_are_counted_new_ones_too() -> None:
    three = {**REQUEST, "chain": [BLOCK] * 3}
    cc = reference.packed(three)
    assert decode(cc, replace(LIMITS, chain_max_blocks=3, chain_max_transactions=8))
    assert reason(cc, replace(LIMITS, chain_max_blocks=2)) == "limit"
    assert reason(cc, replace(LIMITS, chain_max_transactions=7)) == "limit"


def test_the_most_transactions_that_fit_make_no_more_objects_than_their_bytes_allow() -> None:
    own = '{"recv":0,"amt":0,"time":"0"}'
    text = (
        '{"chain":[],"new_target":"","new_tx":[' + ",".join([own] * (LIMITS.cc_max_bytes // (len(own) + 1) - 2)) + "]}"
    )
    meter = Meter()
    assert len(reference.packed(text.encode())) <= LIMITS.cc_max_characters
    assert reason(reference.packed(text.encode()), meter=meter) == "limit"
    assert LIMITS.chain_max_transactions < meter.objects < LIMITS.cc_max_bytes / len(own)


def test_an_answer_is_padded_url_safe_base64_of_zlib_of_compact_json() -> None:
    result = encode(decode(CC, LIMITS).chain)
    text = zlib.decompress(base64.b64decode(result, altchars=b"-_", validate=True))
    assert json.loads(text) == {"chain": [BLOCK]}
    assert b" " not in text


def test_two_answers_are_the_same_by_their_values() -> None:
    one = encode(decode(CC, LIMITS).chain)
    other = reference.packed({"chain": [dict(reversed(BLOCK.items()))]})
    assert one != other
    assert same(one, one)
    assert same(one, other)
    assert not same(one, reference.packed({"chain": [{**BLOCK, "pow": "1"}]}))
    assert not same(one, b"INVALID")
    assert not same(one, reference.packed(b"no json"))

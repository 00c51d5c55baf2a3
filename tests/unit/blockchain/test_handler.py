"""What the blockchain service answers to a request, and what it is limited by."""

import json
import subprocess
import sys

import pytest

from crossover.runner import InlineRunner, answer_at_once
from crossover.seam import Compute, Done, Invalid, Request
from crossover.settings import SettingError, configured, documented
from functions.blockchain.handler import SERVICE, within
from functions.blockchain.limits import ChainLimits
from functions.blockchain.mining import Mining
from functions.registry import load
from local.emulator.artifacts import TEMPLATE
from local.emulator.template import read_template
from tests.reference import blockchain as reference
from tests.reference.blockchain import OUR_ACCOUNT

TIME = 1_582_520_400_000_000_000
PLAN = {
    "chain": [{"all_tx": [{"time": str(TIME), "recv": OUR_ACCOUNT, "amt": 500_000_000}]}],
    "new_tx": [],
    "new_target": "1",
}


def cc(**changes: object) -> str:
    return reference.packed(reference.complete({**PLAN, **changes})).decode()


def answered(query: str) -> list[dict]:
    return reference.unpacked(answer_at_once(SERVICE, query.encode(), InlineRunner()))


def reason(query: str, service=SERVICE) -> str:
    with pytest.raises(Invalid) as caught:
        answer_at_once(service, query.encode(), InlineRunner())
    assert caught.value.code in SERVICE.reasons
    return caught.value.code


def test_the_registry_has_the_service() -> None:
    assert [service.name for service in load(["blockchain"])] == [SERVICE.name] == ["blockchain"]
    assert [parameter.name for parameter in SERVICE.parameters] == ["cc"]


@pytest.mark.parametrize("query", ["", "cd=x", f"cc={cc()}&cc={cc()}", f"cc={cc()}&cc=", f"CC={cc()}"])
def test_a_cc_that_is_missing_or_given_twice_is_invalid(query: str) -> None:
    assert reason(query) == "parameter"


def test_an_empty_cc_is_none() -> None:
    assert reason("cc=") == "encoding"


def test_other_parameters_are_ignored_and_percent_encoding_is_read() -> None:
    given = cc()
    escaped = "".join(f"%{ord(character):02x}" for character in given)
    assert answered(f"x=1&cc={given}&x=2") == answered(f"cc={escaped}") == reference.answer(given.encode())


def test_padding_may_be_percent_encoded_or_missing() -> None:
    seen = set()
    for seconds in range(12):
        given = cc(chain=[{"all_tx": [{**PLAN["chain"][0]["all_tx"][0], "time": str(TIME + 10**seconds)}]}])
        seen.add(given.count("="))
        expected = reference.answer(given.encode())
        assert answered(f"cc={given.replace('=', '%3D')}") == expected
        assert answered(f"cc={given.rstrip('=')}") == expected
    assert seen == {0, 1, 2}


def test_a_plus_and_a_slash_are_no_url_safe_base64_however_they_are_sent() -> None:
    for character in ("+", "%2B", "/", "%2F", " "):
        assert reason(f"cc={cc()}{character * 4}") == "encoding"


def test_a_block_is_mined_without_any_new_transaction() -> None:
    old, new = answered(f"cc={cc()}")
    assert old == reference.complete(PLAN)["chain"][0]
    assert new["all_tx"][0]["amt"] == 500_000_000
    assert new["all_tx"][0]["time"] == str(TIME + 600_000_000_000)
    assert new["id"] == 1
    assert list(new["all_tx"][0]) == ["recv", "amt", "time", "hash"]


def test_our_transactions_are_signed_in_place_with_their_time_as_it_was_given() -> None:
    own = [{"time": f"0{TIME + k}", "recv": recv, "amt": k} for k, recv in enumerate((17, OUR_ACCOUNT, 0), 1)]
    *signed, reward = answered(f"cc={cc(new_tx=own)}")[-1]["all_tx"]
    assert [tx["time"] for tx in signed] == [tx["time"] for tx in own]
    assert all(tx["send"] == OUR_ACCOUNT and tx["fee"] == 0 for tx in signed)
    assert all(pow(tx["sig"], OUR_ACCOUNT, reference.MODULUS) == int(tx["hash"], 16) for tx in signed)
    assert "send" not in reward


def test_the_reward_halves_every_two_blocks() -> None:
    chain: list[dict] = []
    for number in range(61):
        reward = {"time": str(TIME + number), "recv": 17, "amt": 500_000_000 >> (number // 2)}
        chain.append({"all_tx": [reward], "target": "~"})
    assert answered(f"cc={cc(chain=chain[:60])}")[-1]["all_tx"][0]["amt"] == 0
    assert answered(f"cc={cc(chain=chain[:5])}")[-1]["all_tx"][0]["amt"] == 125_000_000
    assert answered(f"cc={cc(chain=chain)}")[-1]["id"] == 61


@pytest.mark.parametrize("target", ["", "0", "00000000", "0000", "-", " "])
def test_a_hopeless_target_is_refused_without_an_attempt(target: str) -> None:
    with pytest.raises(Invalid, match=r"^proof-of-work: no hash"):
        SERVICE.start(Request(f"cc={cc(new_target=target)}".encode()))


def test_attempts_are_as_many_as_the_setting_says() -> None:
    query = f"cc={cc(new_target='00000001')}"
    service = configured(SERVICE, {"POW_MAX_ATTEMPTS": "100"})
    step = service.start(Request(query.encode()))
    assert isinstance(step, Compute)
    work, attempts = step.computation, 0
    while not isinstance(work, Done):
        work, attempts = work.advance(1), attempts + 1
    assert (work.value, attempts) == (None, 100)
    with pytest.raises(Invalid, match=r"^proof-of-work: 100 attempts"):
        step.then(work.value)
    default = SERVICE.start(Request(query.encode()))
    assert isinstance(default, Compute)
    assert isinstance(default.computation, Mining)
    assert default.computation.limit == 65_536


def test_a_limit_is_a_setting_of_its_own_name() -> None:
    for name in ("CC_MAX_CHARACTERS", "CC_MAX_BYTES", "CHAIN_MAX_BLOCKS", "CHAIN_MAX_TRANSACTIONS"):
        service = configured(SERVICE, {name: "2" if name == "CHAIN_MAX_TRANSACTIONS" else "1"})
        chain = [{"all_tx": [{**PLAN["chain"][0]["all_tx"][0], "time": str(TIME + k)}]} for k in range(3)]
        assert reason(f"cc={cc(chain=chain)}", service) == "limit"
    with pytest.raises(SettingError, match=r"POW_MAX_ATTEMPTS takes a whole number from 1 to 10000000$"):
        configured(SERVICE, {"POW_MAX_ATTEMPTS": "0"})


def test_the_service_within_its_usual_limits_is_the_service() -> None:
    query = Request(f"cc={cc()}".encode())
    ours, theirs = (start(query) for start in (SERVICE.start, within(ChainLimits()).start))
    assert isinstance(ours, Compute)
    assert isinstance(theirs, Compute)
    assert ours.computation == theirs.computation


def test_a_reason_never_repeats_input() -> None:
    plans = {"chain": "marker"}, {"new_target": "\n marker"}, {"chain": [{"all_tx": [], "marker": 1}]}
    texts = [json.dumps({**PLAN, **plan}).encode() for plan in plans]
    for query in ("marker=1", "cc=marker", *(f"cc={reference.packed(text).decode()}" for text in texts)):
        with pytest.raises(Invalid) as caught:
            SERVICE.start(Request(query.encode()))
        assert "marker" not in str(caught.value)
        assert str(caught.value).isascii()
        assert "\n" not in str(caught.value)


def test_the_service_imports_no_other_service_s_libraries() -> None:
    program = (
        "import sys; before = set(sys.modules); import functions.blockchain.handler; print(*set(sys.modules) - before)"
    )
    run = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    loaded = set(run.stdout.split())
    assert {"gmpy2", "isal.isal_zlib", "msgspec", "pybase64"} <= loaded
    assert not {"asyncio", "logging", "orjson", "pymysql"} & loaded


def test_on_lambda_each_limit_is_a_parameter_of_the_template_with_the_same_default() -> None:
    variables = read_template(TEMPLATE).functions["BlockchainFunction"].environment
    limits = {each.name: str(each.default) for each in documented(ChainLimits)}
    assert {name: value for name, value in variables.items() if name in limits} == limits

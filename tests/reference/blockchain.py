"""The blockchain service once more, as plainly as its contract reads, and a maker of requests for it.

The oracle of the tests. It shares no code with the service: the standard library's JSON, SHA-256 and power, and
dictionaries instead of types.
"""

import base64
import copy
import hashlib
import json
import math
import re
import zlib

MODULUS = 1561906343821
OUR_ACCOUNT = 1097844002039
OUR_PRIVATE = 343710770439
SIGNED = {"sig", "recv", "fee", "amt", "time", "send", "hash"}
REWARD = {"recv", "amt", "time", "hash"}
OWN = {"recv", "amt", "time"}
TEN_MINUTES = 600_000_000_000

MAX_CC, MAX_BYTES, MAX_BLOCKS, MAX_TRANSACTIONS, MAX_ATTEMPTS = 12_288, 1 << 20, 1_000, 10_000, 65_536


class Broken(Exception):
    """The request is INVALID; its argument is the reason's code."""


def need(condition, code):
    if not condition:
        raise Broken(code)


# The answer


def answer(cc, attempts=MAX_ATTEMPTS):
    """The new chain that a `cc`, in bytes, is answered with. Raises `Broken`."""
    request = read(cc)
    check(request)
    chain, new = request["chain"], []
    for tx in request["new_tx"]:
        if "hash" not in tx:
            tx = {**tx, "fee": 0, "send": OUR_ACCOUNT}
            tx["hash"] = transaction_hash(tx)
            tx["sig"] = pow(int(tx["hash"], 16), OUR_PRIVATE, MODULUS)
        new.append(tx)
    reward = {"recv": OUR_ACCOUNT, "amt": 500_000_000 >> (len(chain) // 2)}
    reward["time"] = str(int(chain[-1]["all_tx"][-1]["time"]) + TEN_MINUTES)
    reward["hash"] = transaction_hash(reward)
    block = {"all_tx": [*new, reward], "id": len(chain), "target": request["new_target"]}
    need(block["target"] > "00000000", "proof-of-work")
    for number in range(attempts):
        block["pow"] = str(number)
        block["hash"] = block_hash(block, chain[-1]["hash"])
        if block["hash"] < block["target"]:
            return [*chain, block]
    raise Broken("proof-of-work")


def unpacked(result):
    """The chain in an answer of the service."""
    return json.loads(zlib.decompress(base64.urlsafe_b64decode(result)))["chain"]


# From the request to its values


def read(cc):
    """The JSON value of a `cc`. Raises `Broken`."""
    need(len(cc) <= MAX_CC, "limit")
    need(re.fullmatch(rb"[A-Za-z0-9_-]*={0,2}", cc), "encoding")
    digits = cc.rstrip(b"=")
    need(len(digits) % 4 != 1, "encoding")
    padding = b"=" * (-len(digits) % 4)
    need(cc in (digits, digits + padding), "encoding")
    inflating = zlib.decompressobj()
    try:
        text = inflating.decompress(base64.urlsafe_b64decode(digits + padding), MAX_BYTES + 1)
    except zlib.error:
        raise Broken("encoding") from None
    need(len(text) <= MAX_BYTES, "limit")
    need(inflating.eof and not inflating.unused_data, "encoding")
    try:
        return json.loads(text.decode(), object_pairs_hook=unique, parse_constant=refuse)
    except (ValueError, RecursionError):
        raise Broken("shape") from None


def unique(pairs):
    need(len(dict(pairs)) == len(pairs), "shape")
    return dict(pairs)


def refuse(name):
    raise Broken("shape")


# The rules


def check(request):
    """Holds a request against the rules, block by block and then the new transactions. Raises `Broken`."""
    keys(request, {"chain", "new_target", "new_tx"})
    text(request["new_target"])
    need(type(request["chain"]) is list and request["chain"] and type(request["new_tx"]) is list, "shape")
    last, previous, balances, count = -1, "00000000", {}, 0
    need(len(request["chain"]) <= MAX_BLOCKS, "limit")
    for number, block in enumerate(request["chain"]):
        keys(block, {"all_tx", "pow", "id", "hash", "target"})
        for name in ("pow", "hash", "target"):
            text(block[name])
        whole(block["id"])
        need(block["id"] == number, "id")
        need(type(block["all_tx"]) is list and block["all_tx"], "shape")
        *signed, reward = block["all_tx"]
        fees = 0
        for tx in signed:
            keys(tx, SIGNED)
            last = transaction(tx, last)
            spend(balances, tx["send"], tx["recv"], tx["amt"], tx["fee"])
            fees += tx["fee"]
        keys(reward, REWARD)
        last = transaction(reward, last)
        need(reward["amt"] == 500_000_000 >> (number // 2), "reward")
        balances[reward["recv"]] = balances.get(reward["recv"], 0) + reward["amt"] + fees
        need(block["hash"] == block_hash(block, previous), "block-hash")
        need(block["hash"] < block["target"], "target")
        previous = block["hash"]
        count += len(block["all_tx"])
    rewarded = last
    for tx in request["new_tx"]:
        keys(tx, SIGNED, OWN)
        last = transaction(tx, last)
        spend(balances, tx.get("send", OUR_ACCOUNT), tx["recv"], tx["amt"], tx.get("fee", 0))
    need(last < rewarded + TEN_MINUTES, "time")
    need(len(str(rewarded + TEN_MINUTES)) <= 20, "time")
    need(count + len(request["new_tx"]) <= MAX_TRANSACTIONS, "limit")


def transaction(tx, last):
    """Checks what one transaction alone can break, and gives its time."""
    for name, value in tx.items():
        if name == "time":
            need(type(value) is str and re.fullmatch("[0-9]{1,20}", value, re.ASCII), "shape")
        elif name == "hash":
            text(value)
        else:
            whole(value, -(2**63) + 1 if name in ("amt", "fee") else 0)
    need(int(tx["time"]) > last, "time")
    need(tx["amt"] >= 0 and tx.get("fee", 0) >= 0, "amount")
    if "hash" in tx:
        need(tx["hash"] == transaction_hash(tx), "tx-hash")
    if "sig" in tx:
        need(pow(tx["sig"], tx["send"], MODULUS) == int(tx["hash"], 16), "signature")
    return int(tx["time"])


def spend(balances, send, recv, amt, fee):
    need(balances.get(send, 0) >= amt + fee, "balance")
    balances[send] = balances.get(send, 0) - amt - fee
    balances[recv] = balances.get(recv, 0) + amt


def keys(value, *allowed):
    need(type(value) is dict and set(value) in allowed, "shape")


def text(value):
    need(type(value) is str and value.isascii() and len(value) <= 64, "shape")


def whole(value, least=0):
    need(type(value) is int and least <= value < 2**63, "shape")


# Hashes


def sha(string):
    return hashlib.sha256(string.encode("ascii")).hexdigest()


def transaction_hash(tx):
    return sha("|".join(str(tx.get(name, "")) for name in ("time", "send", "recv", "amt", "fee")))[:8]


def block_hash(block, previous):
    fixed = "|".join([str(block["id"]), previous, *(tx["hash"] for tx in block["all_tx"])])
    return sha(sha(fixed) + block["pow"])[:8]


# Making requests


def private(account):
    """The private exponent of an account: the modulus is easily factored."""
    return pow(account, -1, math.lcm(P - 1, MODULUS // P - 1))


P = next(p for p in range(3, MODULUS, 2) if MODULUS % p == 0)
OTHERS = (65537, 831361201829, 905790126919, 17)
PRIVATE = {OUR_ACCOUNT: OUR_PRIVATE, **{account: private(account) for account in OTHERS}}


def complete(plan):
    """A request in which all that a plan leaves out is right: hashes, signatures, ids, targets, proofs of work.

    Where the plan has a value, right or wrong, that stays, and what comes after it is made for it.
    """
    request = copy.deepcopy(plan)
    previous = "00000000"
    for number, block in enumerate(request["chain"]):
        for tx in block["all_tx"]:
            seal(tx)
        block.setdefault("id", number)
        block.setdefault("target", "3")
        if "hash" in block:
            block.setdefault("pow", "0")
        else:
            mine(block, previous)
        previous = block["hash"]
    for tx in request["new_tx"]:
        if "send" in tx:
            seal(tx)
    return request


def seal(tx):
    """Gives a transaction its hash, and its signature where it is not a reward."""
    tx.setdefault("hash", transaction_hash(tx))
    if "send" in tx:
        tx.setdefault("sig", pow(int(tx["hash"], 16), PRIVATE.get(tx["send"], 1), MODULUS))


def mine(block, previous):
    given, number = block.get("pow"), 0
    block["pow"] = given or "0"
    while (digest := block_hash(block, previous)) >= block["target"] and given is None and number < 10_000:
        number += 1
        block["pow"] = str(number)
    block["hash"] = digest


def packed(value, **options):
    """The `cc` of a JSON value, or of a text in bytes."""
    if not isinstance(value, bytes):
        value = json.dumps(value, separators=(",", ":"), **options).encode()
    return base64.urlsafe_b64encode(zlib.compress(value))

"""Why an answer is what it is: every rule with its verdict, every balance, and what the next block is made of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from msgspec import UNSET, to_builtins

from crossover.seam import Compute, Explanation, Invalid, Request
from functions.blockchain.chain_rules import RULES, BrokenRule, judge, walk_ledger
from functions.blockchain.codec import decode
from functions.blockchain.handler import next_transactions, start_mining
from functions.blockchain.ledger import BEFORE_THE_FIRST, ChainRequest, Transaction
from functions.blockchain.limits import ChainLimits
from functions.blockchain.mining import Mined

KEPT, BROKEN, NOT_REACHED = "kept", "broken", "not reached"
MAX_BRIEF_TRANSACTIONS = 200
"""Transactions that a brief explanation draws at most; a request can have thousands."""

ENCODING = "cc is URL-safe base64 of a zlib stream, within the limits"
SHAPE = "Rule 2: exactly the keys and types of the contract, a reward at each block's end"
PROOF = "A number within the limit of attempts gives the next block a hash below new_target"


class Verdict(NamedTuple):
    """What became of one rule."""

    code: str
    """The CODE that a request is refused with where the rule is broken."""
    meaning: str
    state: str
    """`broken` at the place where judging ended; `kept` as far as that place, or `not reached` there."""
    block: int | None = None
    """Where it is broken: in which block; None among the new transactions, and where it is about none."""
    tx: int | None = None
    """At which transaction of the block or of the new ones."""
    problem: str = ""


class Judged(NamedTuple):
    """A request taken apart as far as it goes."""

    problem: str
    """The reason it is INVALID for; empty where it is none before its mining."""
    verdicts: tuple[Verdict, ...]
    """In the order in which the rules are asked, the cheapest first."""
    chain_request: ChainRequest | None
    content: tuple[Transaction, ...]
    """The transactions of the block to be mined."""
    need: Compute[bytes] | None
    """The mining, where it comes to that."""


def explain(request: Request, limits: ChainLimits, brief: bool) -> Explanation:
    """Explain a request: its data as `as_data` has it, with the `answer` once that is known.

    Args:
        request: the request, valid or not.
        limits: those of the service.
        brief: draw no request of more than `MAX_BRIEF_TRANSACTIONS`.
    """
    judged = judge_by_rule(request, limits)
    need = judged.need
    if brief and judged.chain_request is not None and len(judged.chain_request.transactions) > MAX_BRIEF_TRANSACTIONS:
        problem = "too many transactions to draw here: use crossover blockchain explain"
        return Explanation({"problem": problem, "rules": [], "blocks": []})
    if need is None:
        return Explanation({**as_data(judged, None), "answer": "INVALID"})

    def finish(mined: Mined | None) -> Explanation:
        try:
            answer = need.then(mined)
        except Invalid as problem:
            return Explanation({**as_data(with_proof(judged, BROKEN, str(problem)), None), "answer": "INVALID"})
        return Explanation({**as_data(with_proof(judged, KEPT), mined), "answer": answer.decode()})

    return Explanation(as_data(judged, None), Compute(need.computation, finish))


def judge_by_rule(request: Request, limits: ChainLimits) -> Judged:
    """Judge a request rule by rule, up to the mining that may be left."""
    chain_request, problem, need = None, None, None
    try:
        chain_request = decode(request.one(b"cc"), limits)
        judge(chain_request)
        need = start_mining(chain_request, limits)
    except Invalid as found:
        problem = found
    return Judged(
        str(problem or ""),
        tuple(_verdicts(chain_request, problem)),
        chain_request,
        () if chain_request is None or need is None else tuple(next_transactions(chain_request)),
        need,
    )


def as_data(judged: Judged, mined: Mined | None) -> dict[str, Any]:
    """Return the explanation as plain JSON values; `mined` is what its mining found, if it was mined.

    {"problem", "rules": [{"code", "meaning", "state", "block", "tx", "problem"}], "blocks": [BLOCK], "new_target",
    "new": {"transactions", "balances"}, "mined": BLOCK with "attempts", or None}, where a BLOCK is
    {"id", "previous", "hash", "target", "pow", "transactions", "balances"}. Balances are pairs of account and amount,
    or None from the first overdrawn account on. Every block repeats all balances, so the size grows with the square of
    the number of blocks.
    """
    chain_request = judged.chain_request
    data: dict[str, Any] = {
        "problem": f"INVALID, {judged.problem}" if judged.problem else "",
        "rules": [verdict._asdict() for verdict in judged.verdicts],
        "blocks": [],
        "new_target": None,
        "new": {"transactions": [], "balances": None},
        "mined": None,
    }
    if chain_request is None:
        return data
    known = dict(enumerate(_balances(chain_request)))
    previous = BEFORE_THE_FIRST
    for place, block in enumerate(chain_request.chain):
        values = {"id": block.id, "previous": previous, "hash": block.hash, "target": block.target, "pow": block.pow}
        values |= {"transactions": _plain(block.all_tx), "balances": _pairs(known.get(place))}
        data["blocks"].append(values)
        previous = block.hash
    data["new_target"] = chain_request.new_target
    data["new"] = {
        "transactions": _plain(chain_request.new_tx),
        "balances": _pairs(known.get(len(chain_request.chain))),
    }
    if mined is not None:
        *_, reward = judged.content
        after = {**known[len(chain_request.chain)]}
        fees = sum(transaction.fee for transaction in judged.content if transaction.fee is not UNSET)
        after[reward.recv] = after.get(reward.recv, 0) + reward.amt + fees
        data["mined"] = {
            "id": len(chain_request.chain),
            "previous": previous,
            "hash": mined.hash,
            "target": chain_request.new_target,
            "pow": mined.pow,
            "transactions": _plain(judged.content),
            "balances": _pairs(after),
            "attempts": int(mined.pow) + 1,
        }
    return data


def with_proof(judged: Judged, state: str, problem: str = "") -> Judged:
    """Return `judged` with the state of its proof-of-work rule."""
    *others, proof = judged.verdicts
    return judged._replace(
        problem=problem if state == BROKEN else judged.problem,
        verdicts=(*others, proof._replace(state=state, problem=problem)),
    )


def _verdicts(chain_request: ChainRequest | None, problem: Invalid | None) -> Iterable[Verdict]:
    """One for each rule, in order: those after the one that `problem` is about were not asked."""
    code = problem.code if problem is not None else ""
    steps = [("encoding", ENCODING), ("shape", SHAPE)]
    steps += RULES.items()
    steps.append(("proof-of-work", PROOF))
    # What is refused before there are values, for another reason than their shape, is refused as it is decoded.
    broken = "encoding" if chain_request is None and code not in ("", "shape") else code
    state = KEPT
    for step, meaning in steps:
        if step == broken and isinstance(problem, BrokenRule):
            yield Verdict(step, meaning, BROKEN, problem.block, problem.tx, str(problem))
        elif step == broken:
            yield Verdict(step, meaning, BROKEN, problem=str(problem))
        else:
            yield Verdict(step, meaning, NOT_REACHED if step == "proof-of-work" else state)
        state = NOT_REACHED if step == broken else state


def _balances(chain_request: ChainRequest) -> Iterable[dict[int, int]]:
    """After each block, and then after the new transactions, up to the place where a rule is broken."""
    try:
        for balance in walk_ledger(chain_request):
            yield {account: amount for account, amount in balance.items() if amount}
    except BrokenRule:
        return


def _pairs(balances: dict[int, int] | None) -> list[list[int]] | None:
    return None if balances is None else [[account, amount] for account, amount in balances.items()]


def _plain(transactions: Iterable[Transaction]) -> list[dict[str, Any]]:
    return [to_builtins(transaction) for transaction in transactions]

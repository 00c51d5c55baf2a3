"""The blockchain service: its request, its answer and its description."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from msgspec import UNSET

from crossover.seam import Compute, Example, Explanation, Invalid, Parameter, Request, Service, Step
from functions.blockchain.chain_rules import judge, our_reward_time
from functions.blockchain.codec import decode, encode, same
from functions.blockchain.ledger import Block, ChainRequest, Transaction, reward_of, seal, transaction_hash
from functions.blockchain.limits import ChainLimits
from functions.blockchain.mining import Mined, Mining, is_unreachable
from functions.blockchain.toy_rsa import OUR_ACCOUNT, sign


def within(limits: ChainLimits) -> Service:
    """Make the service with the given limits."""
    return replace(SERVICE, start=_start_within(limits), explain=_explain_within(limits))


def _start_within(limits: ChainLimits) -> Callable[[Request], Step]:
    def start(request: Request) -> Step:
        chain_request = decode(request.one(b"cc"), limits)
        judge(chain_request)
        return start_mining(chain_request, limits)

    return start


def _explain_within(limits: ChainLimits) -> Callable[[Request, bool], Explanation]:
    def explain(request: Request, brief: bool) -> Explanation:
        from functions.blockchain.explain import explain

        return explain(request, limits, brief)

    return explain


def start_mining(chain_request: ChainRequest, limits: ChainLimits) -> Compute[bytes]:
    """Return the mining of the next block, and then the answer, of a request that keeps the rules.

    Raises `Invalid` ("proof-of-work") where there is nothing to be found, and `then` does where nothing was.
    """
    if is_unreachable(chain_request.new_target):
        raise Invalid("proof-of-work", "no hash is below new_target")
    transactions = next_transactions(chain_request)
    chain = chain_request.chain
    sealed = seal(len(chain), chain[-1].hash, transactions)

    def finish(mined: Mined | None) -> bytes:
        if mined is None:
            raise Invalid("proof-of-work", f"{limits.pow_max_attempts} attempts found no hash below new_target")
        return encode([*chain, Block(transactions, mined.pow, len(chain), mined.hash, chain_request.new_target)])

    return Compute(Mining(sealed.encode(), chain_request.new_target, limits.pow_max_attempts), finish)


def next_transactions(chain_request: ChainRequest) -> list[Transaction]:
    """Return what the next block holds: the new transactions, ours signed, and then our reward."""
    transactions = [
        _signed(transaction) if transaction.hash is UNSET else transaction for transaction in chain_request.new_tx
    ]
    reward = Transaction(OUR_ACCOUNT, reward_of(len(chain_request.chain)), str(our_reward_time(chain_request)))
    reward.hash = transaction_hash(reward)
    return [*transactions, reward]


def _signed(own: Transaction) -> Transaction:
    signed = Transaction(own.recv, own.amt, own.time, fee=0, send=OUR_ACCOUNT)
    signed.hash = transaction_hash(signed)
    signed.sig = sign(signed.hash)
    return signed


# Published requests and answers.
_SAMPLE = (
    "eJyFk9tum0AQht9lr7mYw85heZWqigBDbClxqxg1lSK_ewcCBddJuldoF3a--f7hLXXH5nRO9be31Dw9PYy_58eXvvuVai-SRd3J"
    "i1WpeR5TLbCsKo2n5z7VCcVJCDJsK1Xp2FyOcZhbMnOFdP1epZ8_XmNrOj0dUg1_XwLrilu2OBibl8d-nG5N1-qG6HJ6TDUKcRCw"
    "BVepVkpGViRAp9gb-oCiDL4AI6lnL1nvgKc7TAiLaVS-9OfDvx0vfB1k46Y9zEjvNZUwxx1MbOU_ZhCA0OMGl4KbmaYVHfDgOzME"
    "tLjBzQ2IDAeUvRv4WE60D0ScobCtbgqIFQgHBVc35kiyMGc3LYT3xIWyUg4g2dTcaF7z1VZx8H4GmimoCDmia5kieKdAKOY5JiSM"
    "rRiwIDgbSfF7BlSPtDFagq_jabXDFmHYxXPb9lyH5JN4FBhIVQ2Ut3haMAn1sosH13Rolw65N-w36TTzN-f-9WHbg2m45639NEfp"
    "QgaCRKsqFVcjN2bgxRQL69IEZ1K2fCdLWZkMgxf168BwaLN3hjtZH_zln9bJYjm7ksI0uNc_g4cQeA=="
)
_SAMPLE_ANSWER = (
    "eJyFk9tum0AUAP9ln3k4lz2X5VeqqgIMsaUkrWLUVor87z12IIDtuDwhFnZnZ5b31O2bw2uqv72n5vn5x_j3cvvWd79T7UWyqDt5"
    "sSo1L2OqBaarSuPhpU91QnESggzLlaq0b477GMwtmblCOn2v0q-ff-LRefSwSzV8vgTWFbdsMTA2b0_9eJ41naoN0fHwlGoU4iBg"
    "C65SzZSMrEiATvFs6AOKMvgEjKSevWS9AT7PYUJYTGPlY_-6u97xxNdBNm7a3QXpY00lzDEHE1v5jxkEIPSYwaXgYqZpRQfc-coM"
    "AU1ucHEDIsMOZe0G7suJ7QMRZyhss5sCYgXCQcHZjTmSTMzZTQvhLXGhrJQDSBY1G81zX20VB-8vQBcKKkKO6FrOCT4oEIp5jhMS"
    "xmYMmBCcjaT4LQOqR22MLcHjPK122CIMqzzbbV_WIfkijwIDqaqB8pKnBZNQL6s8ONehVR1yb9g3dZr7RzfWKWQgSDR7UXE1cmMG"
    "nrSwsE7EnEnZ8o0ZZWUyDDjUx3VwaLN3hksdjD-DYqOhFbG6-5tv6nzJkMVydiUF_2S4yjwfdJIWh66s8ly9-LBP5L_XB_uGuHhe"
    "9QmTUyBeBUIr0nabQGDx1ekff489yA=="
)
_TWO_TO_SIGN = (
    "eJydlNtq20AQht9lr3Ux59nxq5QQdHJiSNLSmKYQ8u4dC9mS7cSBCgRmd6395v9m9730j-3upWx-vJf26el-_3f6-Xvs_5QNQngV"
    "ASDgaEr7vC8bhflpyn73PJZNQa2kBALLU5ry2L4-5iTF2PXOUT7umvLr51sOCef0bigbOK0CjLpVH3Ni3_5-GPeHsVo-mjOo191D"
    "MjERqCq6IzYzqBqhIIIb5Nh2TKz8IiHoTJ1zYEB2De3BFqZulpu_ji_DVdkz49hXzW_gRHXKB5Glci79Lp8EQNEwI2Jb8uHKTKa6"
    "ygdjzgeXfGiLxCBn-bRf5OOBB6SqVo_5BCUmCaOHz_mIWqLKkTozRbpCVkFnBdJ6ls666JkwfIzO1CamCYTCU5KIVZPm84aaQIhR"
    "-Kjp0EXmlxxpjzksaio_cZw7P2Io9dgN_UrSee3TNqRfONKIikpeIWLVw9UHr-26h9VmR7Tq4b5aMJw5Gj51pJrbeDZxlnQrGnOA"
    "U19V8MqXwCYqZAEhrreT2Wpnwt12EYSQS1SUCUybz1t6wnCkWmcMU8xzdYWhIA6SKoluY_Q4jNC2-n-C6HCqMxTMlxdBPQcPtbOV"
    "IJ_98OKnzzK0r5d-8i8v49v9MnYwP418dxWKJDbWy0uFKGVgShGpq_MgASYgRkZwK21m82yPYxJggVUujwRRcET2hxP7N0ezGyr3"
    "6Hmd3n38A9gNejM="
)
_TWO_TO_SIGN_ANSWER = (
    "eJydldtq20AQht9lr3Ux59nxq5RSdHJiSNLSmLYQ8u4dG9mSbMcpFRjM7qL99v9mVm-lf2x3L2Xz5a20T0_f9n-Of3-O_a-yQQiv"
    "IgAEHE1pn_dlozA9TdnvnseyKaiVlEBgfkpTHtvXx5ykGLveOcr716b8-P47h4RzejeUDZxXAUbdqo85sW9_Poz7w1gt780K6nX3"
    "kExMBKqK7ojNBKpGKIjgBjm2HRMr30gIOlHnHBiQXUN7sIWpm-Xmr-PLcHXsiXHsq-Y78Eh1zgeRpXIu_SyfBEDRMCNim_Phykym"
    "usgHY8oH53xoi8Qgq3zaD_LxwANSVaunfIISk4TRw6d8RC1R5USdmSJdIaugswJpXaWzPPREGD5GZ2pHpiMIhackEasmze2COoIQ"
    "o_BJ06GKzC850h5zWNRUfuZYOz9hKPXYDf1C0vrsx21IP3CkERWVvELEooarD17bZQ2rTY5oUcN9tWBYORpuOlLNbTyLOI90Lxpz"
    "gHNdVfDKl8AmKmQBIa73k9lqZ8LddhaEkEtUlAlMm9slfcRwpFonDFPMvrrCUBAHSZVE9zF6HEZoW_0_QXTo6gwF88ezoJ6Dh9rZ"
    "QpBPfnj20-cxtK__4AdzpWfDsoberV2YeEXyAFgvrxei1IKpR6R-dr342Gbo0c9-JMAExMgI7ulhNs96OkUHFljlsoeIgiOyoJzY"
    "P-nlbqjco9f1TXf1JcCTpcut_KakkGziat1CEkySZJYkW2nbllaSDo33_hcuUqcv"
)
_OVERDRAWN = (
    "eJyNk91uozAQRt_F177weH48w6usqgqCaSK12VWD2pWqvPtOLFKaJmrW4sKMsTlzPvgIm22_24fu10fon58f579t-lo3b6GDZEWJ"
    "UsoJLYb-ZQ4dp2XEMO9eaugCsGbOidI6Qgzb_rD1xWx12BS0cHyI4c_vdy8R-vJuDF36fCqB6cSl-sLcvz7V-VSr4RgvoA67p9BR"
    "ItEEBcEoLpxGhYC8SAoxTNWpzAyTLMym4nd6TSzEkJOWrP7mQ92PVz2f26CJbCrckBpHQUbiE4zF27oaB1gmPFE1EFJDc3C6QsGM"
    "yox-AN9BGbmK6kgNZem_-P7i3WjCezGZyxAXpUJ5janUOrih-iWmc0qwpqQyDtOQ_yMlBSroF5rleJOy2UEAOBNDcSz-hguJmKmA"
    "CKB8irnMe6GrNqSp9vyzl8y3vQC7F4dmP1ZWLzoo5WnSL15EFjF5FUNsFUe7ECNtz76-P661MSyVe38Z5QJEcqVDSMjaHP0DeDj-"
    "A-aD82g="
)

SERVICE = Service(
    name="blockchain",
    computes=True,
    summary="Check a chain of blocks and mine the next one",
    start=_start_within(ChainLimits()),
    settings=ChainLimits,
    within=within,
    explain=_explain_within(ChainLimits()),
    parameters=(
        Parameter(
            "cc",
            "URL-safe base64 of a zlib stream of compact JSON: a chain of blocks, the target of the next one, and the "
            "transactions that it has to hold.",
            {"type": "string", "maxLength": ChainLimits().cc_max_characters},
            _SAMPLE,
        ),
    ),
    reasons=(
        "parameter",
        "encoding",
        "shape",
        "id",
        "time",
        "amount",
        "reward",
        "tx-hash",
        "signature",
        "balance",
        "block-hash",
        "target",
        "proof-of-work",
        "limit",
    ),
    examples=(
        Example("Mine on the documentation's sample", f"cc={_SAMPLE}", _SAMPLE_ANSWER),
        Example("Mine on a longer chain", f"cc={_TWO_TO_SIGN}", _TWO_TO_SIGN_ANSWER),
        Example("Spend what is not there", f"cc={_OVERDRAWN}", "INVALID"),
    ),
    same=same,
)

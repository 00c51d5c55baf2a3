"""What the functions of an account share."""

from __future__ import annotations

from local.emulator import quotas
from local.emulator.spec import BadSpec, Scaling
from local.emulator.token_bucket import TokenBucket


class AccountLimits:
    """What the functions of an account share: its concurrency and its rate."""

    def __init__(self, concurrency: int = quotas.ACCOUNT_CONCURRENCY) -> None:
        self.concurrency = concurrency
        self.unreserved = concurrency
        self.busy = 0
        """Environments at work that hold a place of the unreserved concurrency."""
        rate = quotas.RATE_PER_ENVIRONMENT * concurrency
        self.rate = TokenBucket(capacity=rate, rate=rate)

    def reserve(self, scaling: Scaling) -> None:
        """Set a function's reservation or provision aside.

        Raises:
            BadSpec: where too little would be left to the other functions.
        """
        aside = scaling.provisioned if scaling.reserved is None else scaling.reserved
        if aside and self.unreserved - aside < min(quotas.UNRESERVED_MINIMUM, self.concurrency):
            raise BadSpec(
                f"{aside} reserved of {self.unreserved} leave less than {quotas.UNRESERVED_MINIMUM} unreserved; "
                "reserve less"
            )
        self.unreserved -= aside

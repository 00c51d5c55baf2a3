"""The answer of the Twitter service by the definitions alone, contact by contact. Shares no code with the service."""

import math
from decimal import ROUND_HALF_UP, Decimal


def occurrences(text: str, phrase: str) -> int:
    """How often the phrase begins somewhere in the text, overlapping occurrences too."""
    return sum(1 for start in range(len(text)) if text[start : start + len(phrase)] == phrase)


def matches(contact, phrase: str, hashtag: str) -> int:
    """Occurrences of the phrase, and hashtags that are the asked one, over all tweets of the requested type."""
    return sum(
        occurrences(tweet.text, phrase) + sum(tag == hashtag.lower() for tag in tweet.hashtags)
        for tweet in contact.tweets
    )


def final_score(contact, found: int) -> Decimal:
    """The product of the three scores in doubles, then rounded half up to five decimals."""
    interaction = math.log(1 + 2 * contact.replies + contact.retweets)
    n = contact.shared_tags
    hashtag = 1 + math.log(1 + n - 10) if n > 10 else 1.0
    keywords = 1 + math.log(1 + found)
    return Decimal(interaction * hashtag * keywords).quantize(Decimal("0.00001"), ROUND_HALF_UP)


def rows(contacts, phrase: str, hashtag: str) -> bytes:
    """What follows the head line: the candidates by score, then by id, both descending."""
    candidates = [contact for contact in contacts if len(contact.tweets) > 0]
    candidates.sort(key=lambda one: (final_score(one, matches(one, phrase, hashtag)), one.user_id), reverse=True)
    return "\n".join(
        "\t".join((str(one.user_id), one.screen_name, one.description, one.tweets[0].text)) for one in candidates
    ).encode()

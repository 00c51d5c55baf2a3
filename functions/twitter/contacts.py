"""What a user's record is made of: what the ETL hands to the packer, and what explaining an answer reads back."""

from __future__ import annotations

from typing import NamedTuple


class TaggedText(NamedTuple):
    """One contact tweet: its text, and its hashtags lower-cased with `str.lower`, every occurrence, in their order."""

    text: str
    hashtags: tuple[str, ...]


class Contact(NamedTuple):
    """One candidate V of a user U for one requested type."""

    user_id: int
    screen_name: str
    description: str
    replies: int
    """Replies between the two, both directions, whatever type was asked."""
    retweets: int
    """Retweets between the two, likewise."""
    shared_tags: int
    """n of the hashtag score: the sum of both counts over the tags both used, less popular ones. 0 where V is U."""
    tweets: tuple[TaggedText, ...]
    """Contact tweets of the requested type, newest first (created_at, then tweet id); the first is the shown one."""

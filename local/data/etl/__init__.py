"""From raw tweets to a store of packed records: parse, relate, pack, load."""

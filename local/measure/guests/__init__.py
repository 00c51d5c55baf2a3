"""A guest compared: answers on both platforms, what differs on Lambda, and its figures."""

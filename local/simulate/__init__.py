"""A day of traffic on both platforms: pure rules on one clock, the bill of what they did, and their validation."""

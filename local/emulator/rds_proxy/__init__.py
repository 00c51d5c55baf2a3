"""An emulator of RDS Proxy's documented behaviour for MySQL, for tests: bytes in, bytes out, sockets at the edge.

`wire`, `follower`, `statements`, `pins`, `tracked`, `pool` and `iam` are pure. `client`, `database` and `login` move
the bytes by asyncio protocols, and `proxy` wires them. What is emulated, and on whose word, is in `rules.toml`.
"""

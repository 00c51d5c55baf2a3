"""The blockchain service: judges a chain of blocks and mines the next one."""

"""Stores as a container uses them: opened once per process, reads of waiting requests batched."""

"""The services: pure functions from a request to bytes, one package each."""

"""What several tests use: real servers, events, clients."""

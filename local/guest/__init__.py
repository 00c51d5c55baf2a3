"""Guests: ASGI and WSGI applications of other projects, run in processes of their own, never in the tool's."""

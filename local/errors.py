"""The error that every tool raises for input it cannot use. It knows nothing of the command line."""


class UserError(Exception):
    """Input that cannot be used. The message is one line and says what to do; the command's exit status is 2."""

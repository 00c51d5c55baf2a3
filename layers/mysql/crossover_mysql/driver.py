"""pymysql as the pool's driver, used so that RDS Proxy never pins a connection to a client.

That means: autocommit on, no session variables, no prepared statements (pymysql puts parameters into the text itself),
nothing sent at connect but `SET NAMES`, which the proxy tracks.
"""

from __future__ import annotations

import ssl
from contextlib import suppress
from functools import cache

from pymysql.cursors import Cursor
from pymysql.err import InterfaceError, InternalError, MySQLError

from crossover.stores.policy import Fault
from crossover_mysql.connection import DeadlineConnection
from crossover_mysql.credentials import ACCESS_DENIED, Credentials, Pair
from crossover_mysql.target import Target

LOST = frozenset({2006, 2013, 2014, 2055, 1053, 1927, 4031})
"""Server gone, connection lost (twice), commands out of sync, shutdown in progress; MariaDB's killed connection;
MySQL's disconnected for inactivity (8.0.24), which a thawed Lambda environment meets."""
BUSY = frozenset({1040, 1203, 9501})
"""Too many connections, of all and of one user; RDS Proxy's borrow timeout."""
NO_SUCH_TABLE = 1146


class PyMySQLDriver:
    """Connects to one target."""

    def __init__(self, target: Target, credentials: Credentials) -> None:
        self._target = target
        self._credentials = credentials

    def connect(self) -> Cursor:
        """Open a connection, and return its one cursor: each statement's result is read before the next is asked for.

        Credentials that the database refuses are asked for once more: a rotation loses no request.
        """
        pair = self._credentials()
        try:
            return self._connect(pair)
        except MySQLError as problem:
            if code_of(problem) != ACCESS_DENIED or not self._credentials.renewed(pair):
                raise
        return self._connect(self._credentials())

    def _connect(self, pair: Pair) -> Cursor:
        target = self._target
        user, password = pair
        connection = DeadlineConnection(
            host=target.host,
            port=target.port,
            user=user,
            # As bytes, since pymysql encodes text as Latin-1, where the server's own clients send UTF-8. No password is
            # an error here, as its message would hold a part of it.
            password=password.encode("utf-8", "surrogatepass"),
            database=target.database,
            charset="utf8mb4",
            autocommit=True,
            connect_timeout=target.connect_timeout,
            read_timeout=target.read_timeout,
            # The same for both directions, or pymysql sets the socket's timeout twice for every statement.
            write_timeout=target.read_timeout,
            ssl=_context(target.ca) if target.tls else None,
            ssl_disabled=not target.tls,
        )
        return connection.cursor()  # type: ignore[no-any-return,unused-ignore]

    def close(self, connection: Cursor) -> None:
        """End a connection, dead or alive."""
        with suppress(MySQLError):
            connection.connection.close()

    def fault(self, problem: Exception) -> Fault:
        """Return what an exception says of its connection."""
        if not isinstance(problem, MySQLError):
            return Fault.STRANGE
        code = code_of(problem)
        if code in LOST:
            return Fault.HUNG if isinstance(problem.__context__, TimeoutError) else Fault.LOST
        if code in BUSY:
            return Fault.BUSY
        if isinstance(problem, InterfaceError) or (isinstance(problem, InternalError) and not code):
            # The socket is closed already, or packets came out of order.
            return Fault.LOST
        return Fault.OWN if code else Fault.STRANGE


def code_of(problem: BaseException) -> int:
    """Return the number of a MySQL error, or 0."""
    return problem.args[0] if problem.args and isinstance(problem.args[0], int) else 0


@cache
def _context(ca: str | None) -> ssl.SSLContext:
    """Return one context for all connections: making it takes over 100 times as long as connecting."""
    context = ssl.create_default_context(cafile=ca)
    # Certificates that MySQL generates for itself, as RDS' older ones, miss what Python 3.13 began to ask for.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context

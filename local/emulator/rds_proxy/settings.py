"""What a proxy is set up with: the properties of a DBProxy and its target group, and the emulator's own bounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from local.emulator.rds_proxy import wire
from local.emulator.rds_proxy.iam import AccessKey
from local.emulator.rds_proxy.pins import PinPolicy
from local.errors import UserError

AUTH_PLUGINS = {"MYSQL_NATIVE_PASSWORD": wire.NATIVE, "MYSQL_CACHING_SHA2_PASSWORD": wire.CACHING_SHA2}
"""ClientPasswordAuthType, and the protocol's name of it."""
EXCLUDE_VARIABLE_SETS = "EXCLUDE_VARIABLE_SETS"


@dataclass(frozen=True, slots=True)
class ProxySettings:
    """A proxy's settings under AWS' names in Python's spelling, with AWS' defaults. Times are seconds."""

    max_connections_percent: int = 100
    max_idle_connections_percent: int | None = None
    """None is half of the above."""
    connection_borrow_timeout: float = 120.0
    idle_client_timeout: float = 1800.0
    init_query: str = ""
    session_pinning_filters: tuple[str, ...] = ()
    require_tls: bool = False
    iam_auth: bool = False
    client_password_auth_type: str = "MYSQL_NATIVE_PASSWORD"  # noqa: S105 - the name of a method

    # The emulator's own.
    max_database_connections: int | None = None
    """In place of the database's max_connections."""
    max_clients: int = 10_000
    max_packet_bytes: int = wire.MAX_PAYLOAD - 1
    """The largest command of a client; one that goes on in a second packet is refused."""
    handshake_seconds: float = 10.0
    connections_per_second: int = 0
    """New clients a second, above which they get error 1040; 0 is no limit."""
    watch_session_state: bool = True
    """Ask the database what state its sessions change, and warn of what RDS Proxy would not notice."""
    policies: ProxyPolicies = field(default_factory=lambda: ProxyPolicies())

    @property
    def pins(self) -> PinPolicy:
        """The choices that decide whether a statement pins."""
        return PinPolicy(
            exclude_variable_sets=EXCLUDE_VARIABLE_SETS in self.session_pinning_filters,
            row_functions_pin=self.policies.row_functions_pin,
        )


@dataclass(frozen=True, slots=True)
class ProxyPolicies:
    """What AWS' documents leave open, decided by name. The defaults are the rows marked `assumed` of the rules."""

    row_functions_pin: bool = True
    """ROW_COUNT(), FOUND_ROWS() and LAST_INSERT_ID() pin; the guide says "sometimes"."""
    autocommit_off_holds_first_statement: bool = True
    """With autocommit off, any statement holds the connection until a COMMIT, as the guide says; else only what the
    server's flag calls a transaction."""


_BOUNDS: dict[str, tuple[float, float]] = {
    "max_connections_percent": (1, 100),
    "max_idle_connections_percent": (0, 100),
    "connection_borrow_timeout": (0, 3600),
    "idle_client_timeout": (1, 28_800),
}
"""What the RDS API takes."""


def checked(settings: ProxySettings) -> ProxySettings:
    """Give the settings back, where AWS would take them.

    Raises:
        UserError: It would not.
    """
    for name, (low, high) in _BOUNDS.items():
        value = getattr(settings, name)
        if value is not None and not low <= value <= high:
            raise UserError(f"{_aws_name(name)} is a number from {low:g} to {high:g}")
    idle = settings.max_idle_connections_percent
    if idle is not None and idle > settings.max_connections_percent:
        raise UserError("MaxIdleConnectionsPercent is at most MaxConnectionsPercent")
    unknown = set(settings.session_pinning_filters) - {EXCLUDE_VARIABLE_SETS}
    if unknown:
        raise UserError(f"SessionPinningFilters takes {EXCLUDE_VARIABLE_SETS}")
    if settings.client_password_auth_type not in AUTH_PLUGINS:
        raise UserError(f"ClientPasswordAuthType is {' or '.join(AUTH_PLUGINS)}")
    return settings


def from_template(template: Mapping[str, Any]) -> ProxySettings:
    """Read the settings of a template's proxy and of its target group.

    Args:
        template: A CloudFormation template as plain values, its functions resolved or not.

    Raises:
        UserError: There is no proxy in it, or a value is none that AWS takes.
    """
    resources = template.get("Resources", {}).values()
    proxies = [resource.get("Properties", {}) for resource in resources if resource.get("Type") == "AWS::RDS::DBProxy"]
    groups = [
        resource.get("Properties", {})
        for resource in resources
        if resource.get("Type") == "AWS::RDS::DBProxyTargetGroup"
    ]
    if not proxies:
        raise UserError("the template has no AWS::RDS::DBProxy")
    pool = groups[0].get("ConnectionPoolConfigurationInfo", {}) if groups else {}
    auth = (proxies[0].get("Auth") or [{}])[0]
    found = {
        "max_connections_percent": pool.get("MaxConnectionsPercent"),
        "max_idle_connections_percent": pool.get("MaxIdleConnectionsPercent"),
        "connection_borrow_timeout": pool.get("ConnectionBorrowTimeout"),
        "init_query": pool.get("InitQuery"),
        "session_pinning_filters": pool.get("SessionPinningFilters") and tuple(pool["SessionPinningFilters"]),
        "idle_client_timeout": proxies[0].get("IdleClientTimeout"),
        "require_tls": proxies[0].get("RequireTLS"),
        "iam_auth": auth.get("IAMAuth") and auth["IAMAuth"] == "REQUIRED",
        "client_password_auth_type": auth.get("ClientPasswordAuthType"),
    }
    settings = {name: value for name, value in found.items() if value is not None and not isinstance(value, dict)}
    return checked(replace(ProxySettings(), **settings))


def _aws_name(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


@dataclass(frozen=True, slots=True)
class ProxyUsers:
    """Who may sign in: users with the passwords of their secrets, and the access keys that tokens are signed with."""

    passwords: Mapping[str, str] = field(default_factory=dict)
    keys: tuple[AccessKey, ...] = ()

    def __repr__(self) -> str:
        """Name the users only: a representation may reach a log."""
        return f"ProxyUsers({', '.join(self.passwords)})"

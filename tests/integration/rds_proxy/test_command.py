"""The command: from a server to a store URL, a page and metrics."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pymysql
import pytest
from pymysql.err import MySQLError

from crossover_mysql.target import parse
from local.data.mysql.server import PrivateServer
from local.emulator.rds_proxy.settings import from_template
from local.errors import UserError

TOOL = Path(sys.executable).parent / "crossover"


def test_the_command_serves_a_database_a_page_and_metrics(server: PrivateServer, tmp_path: Path) -> None:
    command = [TOOL, "rds-proxy", server.url(), "--no-require-tls", "--max-database-connections", "2"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        lines = [running.stdout.readline() for _ in range(3)]
        try:
            assert "for tests" in lines[0]
            page = re.findall(r"http://\S+", lines[1])[0]
            target = parse(lines[2].strip())
            client = pymysql.connect(host=target.host, port=target.port, user=target.user, ssl_disabled=True)
            with client.cursor() as cursor:
                cursor.execute("SET @x = 'topsecret'")
            with urllib.request.urlopen(f"{page}/figures.json") as answer:
                figures = json.load(answer)["figures"]
            with urllib.request.urlopen(f"{page}/metrics") as answer:
                assert b'ClientConnections{ProxyName="default"} 1\n' in answer.read()
            with urllib.request.urlopen(page) as answer:
                assert b"it is not RDS Proxy" in answer.read()
            with pytest.raises(urllib.error.HTTPError, match="404"):
                urllib.request.urlopen(f"{page}/nosuch")
            assert figures["DatabaseConnectionsCurrentlySessionPinned"] == 1
            assert figures["MaxDatabaseConnectionsAllowed"] == 1  # MaxConnectionsPercent is 90 in the template
        finally:
            running.send_signal(signal.SIGINT)
            _, errors = running.communicate(timeout=20)
    assert "was pinned to the database connection" in errors
    assert "topsecret" not in errors
    assert "Traceback" not in errors
    with pytest.raises(MySQLError):
        client.ping(reconnect=False)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["mysql://x@127.0.0.1:1/x"], "the database cannot be reached"),
        (["http://x"], "a MySQL store's URL is"),
        (
            ["mysql://x@127.0.0.1/x", "--max-connections-percent", "101"],
            "MaxConnectionsPercent is a number from 1 to 100",
        ),
        (["mysql://x@127.0.0.1/x", "--session-pinning-filter", "ALL"], "EXCLUDE_VARIABLE_SETS"),
        (["mysql://x@127.0.0.1/x", "--template", "/nosuch"], "cannot take the settings of /nosuch"),
    ],
)
def test_bad_input_is_one_line(arguments: list[str], message: str) -> None:
    done = subprocess.run([TOOL, "rds-proxy", *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_the_templates_properties_become_settings() -> None:
    pool = {
        "MaxConnectionsPercent": 75,
        "MaxIdleConnectionsPercent": 10,
        "ConnectionBorrowTimeout": 7,
        "InitQuery": "SET a=1",
        "SessionPinningFilters": ["EXCLUDE_VARIABLE_SETS"],
    }
    proxy = {
        "RequireTLS": True,
        "IdleClientTimeout": 60,
        "Auth": [
            {"IAMAuth": "REQUIRED", "ClientPasswordAuthType": "MYSQL_CACHING_SHA2_PASSWORD", "SecretArn": {"Ref": "A"}}
        ],
    }
    resources = {
        "Proxy": {"Type": "AWS::RDS::DBProxy", "Properties": proxy},
        "Group": {"Type": "AWS::RDS::DBProxyTargetGroup", "Properties": {"ConnectionPoolConfigurationInfo": pool}},
    }
    settings = from_template({"Resources": resources})
    assert (settings.max_connections_percent, settings.max_idle_connections_percent) == (75, 10)
    assert (settings.connection_borrow_timeout, settings.idle_client_timeout) == (7, 60)
    assert (settings.init_query, settings.pins.exclude_variable_sets) == ("SET a=1", True)
    assert (settings.require_tls, settings.iam_auth) == (True, True)
    assert settings.client_password_auth_type == "MYSQL_CACHING_SHA2_PASSWORD"
    with pytest.raises(UserError, match="has no AWS::RDS::DBProxy"):
        from_template({"Resources": {}})


@pytest.mark.parametrize(("sql", "pins"), [("SET @x = 1", True), ("SET NAMES utf8mb4", False), ("CALL p()", False)])
def test_explain_says_whether_a_statement_pins_and_on_whose_word(sql: str, pins: bool) -> None:
    command = [TOOL, "rds-proxy", "explain", sql, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    said = json.loads(done.stdout)
    assert said["pins"] is pins
    assert said["rule"]["basis"] == "documented"
    assert "AWS user guide" in said["rule"]["source"]

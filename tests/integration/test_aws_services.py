"""`crossover aws`: boto3 with its normal endpoint settings talks to the services on this machine."""

from __future__ import annotations

import pytest

from local.emulator.aws_services import serve


def test_a_secret_that_is_stored_is_read_back_through_the_endpoint_url(monkeypatch: pytest.MonkeyPatch) -> None:
    import boto3

    with serve() as services:
        for name, value in services.environment().items():
            monkeypatch.setenv(name, value)
        secrets = boto3.client("secretsmanager")
        secrets.create_secret(Name="crossover/database", SecretString="kept")
        assert secrets.get_secret_value(SecretId="crossover/database")["SecretString"] == "kept"
        parameters = boto3.client("ssm")
        parameters.put_parameter(Name="/crossover/team", Value="Crossover", Type="String")
        assert parameters.get_parameter(Name="/crossover/team")["Parameter"]["Value"] == "Crossover"


def test_a_port_that_is_taken_is_an_error_and_not_a_second_server() -> None:
    with serve() as services, pytest.raises(OSError, match="in use"), serve(port=int(services.address[-5:])):
        pass

"""The files that deploy a package: a SAM template and a Dockerfile. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence

from local.deploy.package.target import BuildTarget
from local.guest.emulated import HANDLER, TIMEOUT_SECONDS

BASE = "python:{python}-slim-bookworm"
PORT = 8080


def template(reference: str, target: BuildTarget, memory_mb: int, variables: Iterable[str]) -> str:
    """Return a SAM template of one function on its layer, behind an HTTP API and a Function URL.

    A variable's value may be a secret: it is a parameter of the stack, not text of the template.
    """
    names = {name: _logical(name) for name in sorted(variables)}
    lines = [
        'AWSTemplateFormatVersion: "2010-09-09"',
        "Transform: AWS::Serverless-2016-10-31",
        f"Description: {json.dumps(f'{reference} on Lambda, as crossover package has made it')}",
        "",
        "Parameters:",
        "  FunctionUrlAuthType:",
        "    Type: String",
        "    Default: AWS_IAM",
        "    AllowedValues: [AWS_IAM, NONE]",
        "    Description: Who may call the Function URL; NONE is everybody on the internet. The HTTP API is open.",
    ]
    for name, logical in names.items():
        lines += [f"  {logical}:", "    Type: String", "    NoEcho: true", f"    Description: The variable {name}"]
    lines += [
        "",
        "Resources:",
        "  Libraries:",
        "    Type: AWS::Serverless::LayerVersion",
        "    Properties:",
        "      ContentUri: layer.zip",
        f"      CompatibleRuntimes: [python{target.python}]",
        f"      CompatibleArchitectures: [{target.architecture}]",
        "      RetentionPolicy: Delete",
        "",
        "  Application:",
        "    Type: AWS::Serverless::Function",
        "    Properties:",
        "      CodeUri: function.zip",
        f"      Handler: {HANDLER}",
        f"      Runtime: python{target.python}",
        f"      Architectures: [{target.architecture}]",
        f"      MemorySize: {memory_mb}",
        f"      Timeout: {TIMEOUT_SECONDS:.0f}",
        "      Layers: [!Ref Libraries]",
        "      Environment:",
        "        Variables:",
        f"          CROSSOVER_APP: {json.dumps(reference)}",
        *(f"          {name}: !Ref {logical}" for name, logical in names.items()),
        "      FunctionUrlConfig:",
        "        AuthType: !Ref FunctionUrlAuthType",
        "      Events:",
        "        Http:",
        "          Type: HttpApi",
        "",
        "Outputs:",
        "  HttpApi:",
        "    Description: Address of the HTTP API.",
        "    Value: !Sub https://${ServerlessHttpApi}.execute-api.${AWS::Region}.${AWS::URLSuffix}",
        "  FunctionUrl:",
        "    Description: Address of the Function URL.",
        "    Value: !GetAtt ApplicationUrl.FunctionUrl",
    ]
    return "\n".join(lines) + "\n"


def dockerfile(reference: str, target: BuildTarget) -> str:
    """Return a Dockerfile without a step that runs anything: any engine builds it for any architecture."""
    command: Sequence[str] = ("python3", "-m", "crossover_guest.serve", reference, "0.0.0.0", str(PORT))  # noqa: S104
    return f"""# The application as a container, as crossover package has made it: served by uvicorn on port {PORT}.
ARG BASE={BASE.format(python=target.python)}
FROM ${{BASE}}
COPY libraries/ /opt/libraries/
COPY application/ /app/
WORKDIR /app
ENV PYTHONPATH=/app:/opt/libraries \\
    PYTHONDONTWRITEBYTECODE=1 \\
    PYTHONUNBUFFERED=1
EXPOSE {PORT}
USER 10001:10001
STOPSIGNAL SIGINT
HEALTHCHECK NONE
ENTRYPOINT {json.dumps(list(command))}
"""


def _logical(name: str) -> str:
    """Return a variable's name as a parameter's: `DATABASE_URL` is `DatabaseUrl`."""
    return "".join(part.capitalize() for part in re.split("[^A-Za-z0-9]+", name)) or "Variable"

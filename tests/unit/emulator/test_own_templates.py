"""Templates of other projects: what is understood is read, what is not is named with its line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from local.emulator import sam_config
from local.emulator.event_sources.base import WireRequest
from local.emulator.intrinsics import Given, TemplateError
from local.emulator.lenient import read_leniently
from local.emulator.routing import Door, behind
from local.emulator.sample_events import SAMPLES
from local.emulator.template import Template
from local.errors import UserError

TEMPLATE = """\
Transform: AWS::Serverless-2016-10-31
Parameters:
  Stage: {Type: String, Default: dev}
  Owner: {Type: String}
Mappings:
  Sizes: {dev: {memory: 256}, prod: {memory: 1024}}
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
Globals:
  Function:
    Runtime: python3.12
    Timeout: 7
    Environment: {Variables: {STAGE: !Ref Stage}}
  Api:
    Cors: "'*'"
Resources:
  Shop:
    Type: AWS::Serverless::Api
    Properties:
      StageName: !Ref Stage
      Auth: {DefaultAuthorizer: AWS_IAM}
  Orders:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: orders
      Handler: app.handler
      MemorySize: !FindInMap [Sizes, !Ref Stage, memory]
      Layers: [!Ref Shared, !Sub "arn:aws:lambda:${AWS::Region}:1:layer:Other:1"]
      FunctionUrlConfig: {AuthType: NONE}
      Environment:
        Variables:
          TABLE: !Ref Table
          TABLE_ARN: !GetAtt Table.Arn
          SELF: !GetAtt [Worker, Arn]
          NAMES: !Join ["-", [!Ref AWS::StackName, !Select [1, !Split [",", "a,b"]]]]
          VPC: !ImportValue network-vpc
          FLAG: !If [IsProd, "on", "off"]
      Events:
        One: {Type: Api, Properties: {Path: "/orders/{id}", Method: get, RestApiId: !Ref Shop}}
        New: {Type: Api, Properties: {Path: /orders, Method: post}}
        Fast: {Type: HttpApi, Properties: {Path: "/fast/{rest+}"}}
        All: {Type: HttpApi}
  Worker:
    Type: AWS::Serverless::Function
    Properties:
      InlineCode: "def handler(event, context): return event"
      FileSystemConfigs: [{LocalMountPath: /mnt/a}]
      Handler: index.handler
      Events:
        Queue: {Type: SQS, Properties: {Queue: !GetAtt Jobs.Arn}}
  Plain:
    Type: AWS::Lambda::Function
    Properties:
      Handler: index.handler
      Runtime: python3.12
      Code: {ZipFile: "def handler(event, context): return 1"}
  Node:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: node, Handler: index.handler, Runtime: nodejs20.x}
  Image:
    Type: AWS::Serverless::Function
    Properties: {PackageType: Image}
  OnlyProd:
    Type: AWS::Serverless::Function
    Condition: IsProd
    Properties: {CodeUri: prod, Handler: app.handler}
  Shared:
    Type: AWS::Serverless::LayerVersion
    Metadata: {BuildMethod: python3.12}
    Properties: {ContentUri: layer}
  Table: {Type: AWS::DynamoDB::Table}
  Jobs: {Type: AWS::SQS::Queue}
  Role: {Type: AWS::IAM::Role}
"""


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Template:
    path = tmp_path_factory.mktemp("stack") / "template.yaml"
    path.write_text(TEMPLATE)
    return read_leniently(path, Given({"Owner": "me"}, {"network-vpc": "vpc-1"}, {"AWS::StackName": "shop"}))


def lenient(path: Path, text: str, **parameters: str) -> Template:
    (path / "template.yaml").write_text(text)
    return read_leniently(path / "template.yaml", Given(parameters))


def test_functions_have_what_the_template_and_its_globals_say(read: Template) -> None:
    orders = read.functions["Orders"]
    assert (orders.memory_mb, orders.timeout, orders.url, orders.layers) == (256, 7.0, True, ("Shared",))
    assert orders.rest_routes == (("GET", "/orders/{id}"), ("POST", "/orders"))
    assert orders.routes == (("ANY", "/fast/{rest+}"), ("ANY", "$default"))
    assert orders.environment == {
        "STAGE": "dev",
        "TABLE": "Table",
        "TABLE_ARN": "arn:aws:dynamodb:us-east-1:000000000000:Table",
        "SELF": "arn:aws:lambda:us-east-1:000000000000:function:Worker",
        "NAMES": "shop-b",
        "VPC": "vpc-1",
        "FLAG": "off",
    }
    assert read.functions["Worker"].triggers == ("SQS",)
    assert "return event" in read.functions["Worker"].inline
    assert read.functions["Plain"].inline.endswith("return 1")
    assert read.layers["Shared"].built
    assert set(read.functions) == {"Orders", "Worker", "Plain"}


def test_what_is_not_understood_is_named_with_its_line(read: Template) -> None:
    def line(text: str) -> int:
        return next(number for number, each in enumerate(TEMPLATE.splitlines(), 1) if text in each)

    only_zip = "only Python functions in zip packages are built and emulated here; it is left out"
    other = "arn:aws:lambda:us-east-1:1:layer:Other:1"
    table = "arn:aws:dynamodb:us-east-1:000000000000:Table"
    orders = line("  Orders:")
    assert set(read.notes) == {
        f"template.yaml:{line('Cors:')}: Globals.Api: Cors is not emulated: no preflight request is answered",
        f"template.yaml:{line('Auth: {Default')}: Shop: Auth is not emulated: every request is let in",
        f"template.yaml:{orders}: Table.Arn is an attribute of what is not emulated; {table!r} stands in for it",
        f"template.yaml:{orders}: Orders: the layer {other} is none of this template; it runs without",
        f"template.yaml:{line('FileSystem')}: Worker: FileSystemConfigs is not emulated",
        f"template.yaml:{line('  Node:')}: Node: {only_zip}",
        f"template.yaml:{line('  Image:')}: Image: {only_zip}",
        "template.yaml: not emulated: AWS::DynamoDB::Table, AWS::SQS::Queue",
    }


EVENTS = "{E: {Type: Api, Properties: {Path: '/a{b}'}}}"


@pytest.mark.parametrize(
    ("resources", "note"),
    [
        ("  F: 5", ":2: F is not understood; it is left out"),
        ("  Fn::ForEach::X: []", ":2: Fn::ForEach::X is not understood; it is left out"),
        ("  F: {Type: AWS::Serverless::Function, Properties: 7}", ":2: F is not understood; it is left out"),
        (
            '  F: {Type: AWS::Serverless::Function, Properties: {Handler: a.b, CodeUri: "s3://x/y"}}',
            ":2: F: CodeUri is s3://x/y; only a folder beside the template can be built here; it is left out",
        ),
        (
            f"  F: {{Type: AWS::Serverless::Function, Properties: {{Handler: a.b, CodeUri: c, Events: {EVENTS}}}}}",
            ":2: F: Events.E: '/a{b}': 'a{b}' is neither text nor one {parameter}; it is left out",
        ),
        (
            "  F: {Type: AWS::Serverless::Function, Condition: None, Properties: {}}",
            ":2: the condition None is not in Conditions; it is left out",
        ),
        (
            "  F: {Type: AWS::Serverless::Function, Properties: {Handler: a.b, CodeUri: c, MemorySize: !Transform x}}",
            ":2: F: MemorySize: Fn::Transform cannot be evaluated on this machine; it is left out",
        ),
    ],
)
def test_a_resource_that_cannot_be_read_is_left_out_alone(tmp_path: Path, resources: str, note: str) -> None:
    good = "  G: {Type: AWS::Serverless::Function, Properties: {Handler: a.b, InlineCode: x}}"
    read = lenient(tmp_path, f"Resources:\n{resources}\n{good}\n")
    assert set(read.functions) == {"G"}
    assert f"template.yaml{note}" in read.notes


def test_a_template_that_has_no_end_is_left_out_in_time(tmp_path: Path) -> None:
    aliases = ["x0: &x0 [y, y, y, y, y, y, y, y, y, y]"]
    aliases += [f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 10)}]" for n in range(1, 9)]
    function = "{Type: AWS::Serverless::Function, Properties: {Handler: a.b, InlineCode: x%s}}"
    text = "\n".join(aliases) + "\nConditions: {C: !Not [!Condition C]}\nResources:\n"
    text += f"  Good: {function % ''}\n  Round: {function.replace('Prop', 'Condition: C, Prop') % ''}\n"
    text += f"  Large: {function % ', Environment: {Variables: {A: *x8}}'}\n"
    read = lenient(tmp_path, text)
    assert set(read.functions) == {"Good"}
    assert {note.partition(": ")[2].partition(":")[0] for note in read.notes} == {
        "Round is not understood; it is left out",
        "Large",
    }


def test_a_template_beyond_cloudformations_own_limit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match=r"cannot read .* more than 1,000,000 bytes"):
        lenient(tmp_path, "Resources: {}\n#" + "x" * 1_000_000)


def test_a_published_layer_of_powertools_is_kept(tmp_path: Path) -> None:
    arn = "arn:aws:lambda:us-east-1:017000801446:layer:AWSLambdaPowertoolsPythonV3-python312-x86_64:3"
    function = f"{{Type: AWS::Serverless::Function, Properties: {{Handler: a.b, InlineCode: x, Layers: ['{arn}']}}}}"
    read = lenient(tmp_path, f"Resources:\n  F: {function}\n")
    assert read.functions["F"].layers == (arn,)
    assert "stands for the newest aws-lambda-powertools[all]" in read.notes[0]


def test_a_parameter_without_a_value_is_noted_and_an_unknown_one_refused(tmp_path: Path) -> None:
    text = "Parameters:\n  A: {Type: String}\nResources: {}\n"
    assert lenient(tmp_path, text).notes == ("template.yaml:2: A has no default; give --parameter-overrides A=VALUE",)
    assert lenient(tmp_path, text, A="1").notes == ()
    with pytest.raises(TemplateError, match="has no parameter B; it has: A"):
        lenient(tmp_path, text, B="1")


@pytest.mark.parametrize("text", ["Parameters: [1]\nResources: {}", "Parameters: {A: 1}\nResources: {F: {Type: x}}"])
def test_parameters_of_another_shape_are_one_line(tmp_path: Path, text: str) -> None:
    with pytest.raises((TemplateError, UserError)):
        lenient(tmp_path, text)


def test_samconfig_says_parameters_stack_and_region(tmp_path: Path) -> None:
    (tmp_path / "samconfig.toml").write_text(
        """
version = 0.1
[default.global.parameters]
stack_name = "shop"
[default.deploy.parameters]
region = "eu-west-1"
parameter_overrides = 'Stage="prod" Owner=me ParameterKey=Zone,ParameterValue=a'
[test.deploy.parameters]
parameter_overrides = ["Stage=test", "Owner=you"]
"""
    )
    owned = {"Stage": "prod", "Owner": "me", "Zone": "a"}
    assert sam_config.read(tmp_path, "default") == sam_config.SamConfig(owned, "shop", "eu-west-1")
    assert sam_config.read(tmp_path, "test").parameters == {"Stage": "test", "Owner": "you"}
    assert sam_config.read(tmp_path / "elsewhere", "default") == sam_config.SamConfig({}, "", "")
    with pytest.raises(UserError, match="no environment 'none'"):
        sam_config.read(tmp_path, "none")
    (tmp_path / "samconfig.toml").write_text("[")
    with pytest.raises(UserError, match="cannot read"):
        sam_config.read(tmp_path, "default")


@pytest.mark.parametrize("text", ["A", "=1", '"'])
def test_an_override_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="--parameter-overrides takes NAME=VALUE"):
        sam_config.pairs([text], "--parameter-overrides")


DOORS = (
    Door("v2", {("GET", "/fast/{id}"): "Fast"}),
    Door("v1", {("ANY", "/{proxy+}"): "Rest"}),
    Door("url", {("ANY", "$default"): "Orders"}, "orders"),
)


@pytest.mark.parametrize(
    ("host", "line", "expected"),
    [
        ("localhost", "GET /fast/1", ("v2", "Fast")),
        ("localhost", "POST /fast/1", ("v1", "Rest")),
        ("localhost", "GET /", ("url", "Orders")),
        ("orders.localhost:8081", "GET /fast/1", ("url", "Orders")),
        ("Orders.localhost", "GET /", ("url", "Orders")),
        ("other.localhost", "GET /fast/1", ("v2", "Fast")),
    ],
)
def test_a_request_comes_to_the_event_source_that_has_a_route(host: str, line: str, expected: tuple[str, str]) -> None:
    method, path = line.split()
    source, routes, key = behind(DOORS, WireRequest(method, path, "", (("host", host),)))
    assert key is not None
    assert (source.name, routes[key]) == expected


def test_a_request_without_a_route_is_the_first_apis() -> None:
    source, _, key = behind(DOORS[:1], WireRequest("GET", "/x", "", ()))
    assert (source.name, key) == ("v2", None)
    two = (*DOORS[2:], Door("url", {("ANY", "$default"): "Other"}, "other"))
    assert behind(two, WireRequest("GET", "/", "", ()))[2] is None


@pytest.mark.parametrize(
    ("name", "data"), [("sqs", "hi"), ("sns", "hi"), ("s3", "b/k"), ("schedule", ""), ("eventbridge", "")]
)
def test_a_made_event_is_json_of_its_source(name: str, data: str) -> None:
    event: Any = json.loads(json.dumps(SAMPLES[name](data)))
    match name:
        case "sqs":
            assert (event["Records"][0]["body"], event["Records"][0]["eventSource"]) == ("hi", "aws:sqs")
            assert event["Records"][0]["md5OfBody"] == "49f68a5c8493ec2c0bf489821c21fc3b"
        case "sns":
            assert event["Records"][0]["Sns"]["Message"] == "hi"
        case "s3":
            put = event["Records"][0]["s3"]
            assert (put["bucket"]["name"], put["object"]["key"]) == ("b", "k")
        case _:
            assert (event["version"], event["account"]) == ("0", "000000000000")

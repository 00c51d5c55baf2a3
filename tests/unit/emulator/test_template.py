"""Templates that people write: read as SAM and CloudFormation read them, or refused in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.emulator.bundle import service_of
from local.emulator.intrinsics import TemplateError
from local.emulator.spec import BadSpec
from local.emulator.template import Function, Template, read_template

TEMPLATE = """
Parameters:
  Size: {Type: Number, Default: 512}
  Store: {Type: String, Default: ""}
  Zones: {Type: CommaDelimitedList, Default: "a,b"}
Mappings:
  Sizes: {us-east-1: {small: 256}}
Conditions:
  HasStore: !Not [!Equals [!Ref Store, ""]]
  Both: !And [!Condition HasStore, !Or [!Equals [1, "1"], !Equals [1, 2]]]
Globals:
  Function:
    Timeout: 7
    Environment: {Variables: {A: "1"}}
Resources:
  ThingsFunction:
    Type: AWS::Serverless::Function
    Metadata: {BuildProperties: {ParentPackages: functions.things}}
    Properties:
      CodeUri: functions/things/
      Handler: functions.things.lambda_handler.handler
      MemorySize: !Ref Size
      ReservedConcurrentExecutions: 5
      Layers: [!If [HasStore, !Ref StoreLayer, !Ref AWS::NoValue]]
      Environment: {Variables: {B: !Ref Store, C: !If [HasStore, "yes", !Ref AWS::NoValue]}}
      Events: {Http: {Type: HttpApi, Properties: {Path: /things, Method: GET}}}
  StoreLayer:
    Type: AWS::Serverless::LayerVersion
    Properties: {ContentUri: layers/store}
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "template.yaml"


def read(path: Path, text: str, **parameters: str) -> Template:
    path.write_text(text)
    return read_template(path, parameters)


def function(path: Path, properties: str, globals_: str = "{}", rest: str = "") -> Function:
    text = f"{rest}\nGlobals: {{Function: {globals_}}}\nResources:\n  Odd:\n    Type: AWS::Serverless::Function\n"
    return read(path, f"{text}    Properties: {properties}\n").functions["Odd"]


def test_globals_parameters_and_conditions_are_followed(path: Path) -> None:
    plain = read(path, TEMPLATE).functions["ThingsFunction"]
    assert (plain.memory_mb, plain.timeout, plain.service, plain.paths) == (512, 7.0, "things", ("/things",))
    assert (plain.layers, plain.environment, plain.reserved_concurrency) == ((), {"A": "1", "B": ""}, 5)
    stored = read(path, TEMPLATE, Store="sqlite:///x").functions["ThingsFunction"]
    assert (stored.layers, stored.environment["C"]) == (("StoreLayer",), "yes")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("!Ref AWS::Region", "us-east-1"),
        ("!Ref AWS::AccountId", "000000000000"),
        ("!Sub 'arn:${AWS::Partition}:${Size}:${!Size}'", "arn:aws:512:${Size}"),
        ("!Sub ['${Own}/${Size}', {Own: !Ref Size}]", "512/512"),
        ("!Join ['-', [!Ref Size, x]]", "512-x"),
        ("!Join ['', !Ref Zones]", "ab"),
        ("!Select [1, !Ref Zones]", "b"),
        ("!Select [0, !Split ['/', 'x/y']]", "x"),
        ("!FindInMap [Sizes, !Ref AWS::Region, small]", "256"),
        ("!If [Both, a, b]", "b"),
        ("true", "true"),
        ("1.50", "1.5"),
        ("0", "0"),
    ],
)
def test_a_variable_has_the_text_that_cloudformation_gives_it(path: Path, value: str, text: str) -> None:
    things = read(path, TEMPLATE.replace("B: !Ref Store", f"B: {value}")).functions
    assert things["ThingsFunction"].environment["B"] == text


def test_a_function_without_metadata_takes_its_code_and_handler_from_the_globals(path: Path) -> None:
    common = "{CodeUri: src/, Handler: app.handler, Layers: [Base], Environment: {Variables: {A: 1}}}"
    base = "  Base:\n    Type: AWS::Serverless::LayerVersion\n    Properties: {ContentUri: base}"
    text = f"Globals: {{Function: {common}}}\nResources:\n{base}\n  Odd:\n    Type: AWS::Serverless::Function\n"
    odd = read(path, text).functions["Odd"]
    assert (odd.code, odd.package, odd.handler, odd.layers, odd.service) == ("src", "", "app.handler", ("Base",), "Odd")
    assert odd.environment == {"A": "1"}


def test_an_empty_environment_keeps_the_globals(path: Path) -> None:
    common = "{CodeUri: src, Handler: app.handler, Environment: {Variables: {A: x}}}"
    assert function(path, "{Environment: }", common).environment == {"A": "x"}
    assert function(path, "{Environment: {Variables: }}", common).environment == {"A": "x"}


def test_variables_chosen_by_a_condition_are_a_map_of_variables(path: Path) -> None:
    conditions = "Conditions: {Yes: !Equals [1, 1]}"
    common = "{CodeUri: src, Handler: app.handler, Environment: {Variables: !If [Yes, {A: x}, {B: y}]}}"
    assert function(path, "{}", common, conditions).environment == {"A": "x"}


def test_inline_code_needs_no_folder(path: Path) -> None:
    odd = function(path, "{InlineCode: 'def handler(event, context): pass', Handler: index.handler}")
    assert (odd.code, odd.inline) == ("", "def handler(event, context): pass")


def test_an_http_api_event_without_properties_takes_every_path_and_method(path: Path) -> None:
    odd = function(path, "{CodeUri: src, Handler: app.handler, Events: {Http: {Type: HttpApi}, Other: {Type: SQS}}}")
    assert odd.routes == (("ANY", "$default"),)


def test_a_resource_whose_condition_is_false_is_not_there(path: Path) -> None:
    text = TEMPLATE.replace("  StoreLayer:\n", "  StoreLayer:\n    Condition: HasStore\n")
    assert read(path, text).layers == {}
    assert set(read(path, text, Store="x").layers) == {"StoreLayer"}


@pytest.mark.parametrize(
    ("properties", "says"),
    [
        ("{Handler: app.handler}", "Odd: CodeUri is missing"),
        ("{CodeUri: src}", "Odd: Handler is missing"),
        ("{CodeUri: s3://bucket/key, Handler: a.b}", "Odd: CodeUri is s3://bucket/key; only a folder"),
        ("{CodeUri: {Bucket: b, Key: k}, Handler: a.b}", "Odd: CodeUri is missing, or is no text"),
        ("{CodeUri: src, Handler: a.b, Runtime: nodejs22.x}", "Odd: only Python functions"),
        ("{PackageType: Image}", "Odd: only Python functions in zip packages"),
        ("{CodeUri: src, Handler: a.b, MemorySize: much}", "Odd: MemorySize is 'much' and no number"),
        (
            "{CodeUri: src, Handler: a.b, MemorySize: !GetAtt A.B}",
            "Odd: MemorySize: A.B is an attribute of what is not",
        ),
        ("{CodeUri: !Sub '${Nothing}', Handler: a.b}", "Odd: CodeUri: Nothing is neither a parameter nor a resource"),
        ("{CodeUri: !Sub '${A.Arn}', Handler: a.b}", "Odd: CodeUri: A.Arn is an attribute of what"),
        ("{CodeUri: !Join x, Handler: a.b}", "Odd: CodeUri: Fn::Join has arguments that are not understood"),
        ("{CodeUri: !If [Missing, a, b], Handler: a.b}", "Odd: CodeUri: the condition Missing is not in Conditions"),
        ("{CodeUri: src, Handler: a.b, Layers: x}", "Odd: Layers is no list"),
        ("{CodeUri: src, Handler: a.b, Layers: ['arn:aws:lambda:us-east-1:1:layer:x:1']}", "Odd: Layers names arn:aws"),
        ("{CodeUri: src, Handler: a.b, Environment: x}", "Odd: Environment is no map"),
        ("{CodeUri: src, Handler: a.b, Environment: {Variables: [x]}}", "Odd: Environment.Variables is no map"),
        (
            "{CodeUri: src, Handler: a.b, Environment: {Variables: {X: {}}}}",
            "Odd: Environment.Variables.X: a list or a",
        ),
    ],
)
def test_what_cannot_be_followed_is_one_line_with_function_and_key(path: Path, properties: str, says: str) -> None:
    with pytest.raises(TemplateError) as refused:
        function(path, properties)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Resources: {'Fn::ForEach::Loop': [X, [a], {}]}", "Fn::ForEach::Loop is not understood; write its resources"),
        ("Resources: {A: }", "A has no Type"),
        ("Resources: {A: {Type: AWS::Serverless::LayerVersion}}", "A: ContentUri is missing"),
        ("Conditions: {C: {'Fn::Odd': x}}\nResources: {A: {Type: X, Condition: C}}", "Fn::Odd is not understood in a"),
        ("{}", "it has no Resources"),
        ("a: [", "cannot read"),
        ("a: !Ref", "it has no Resources"),
        ("a: !X {b: c}", "it has no Resources"),
    ],
)
def test_a_template_of_another_shape_is_one_line(path: Path, text: str, says: str) -> None:
    with pytest.raises(TemplateError) as refused:
        read(path, text)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_template_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match="cannot read"):
        read_template(tmp_path / "nowhere.yaml")


def test_a_function_is_called_by_its_service_or_its_own_name(path: Path) -> None:
    template = read(path, TEMPLATE)
    assert {service_of(name, template) for name in ("things", "ThingsFunction")} == {"things"}
    with pytest.raises(BadSpec, match="no service is called 'nothing'; there are: things"):
        service_of("nothing", template)

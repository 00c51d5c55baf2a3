"""A SAM template of another project: its Python functions, built without Docker and ready to be emulated."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from local.emulator import quotas, sam_config
from local.emulator.artifacts import UNSHIPPED, Artifacts, BuildError
from local.emulator.bundle import Bundle, FunctionLimits, built_once, forget_old
from local.emulator.event_sources import EVENT_SOURCES
from local.emulator.event_sources.base import Call, WireRequest
from local.emulator.function import new_id, new_trace
from local.emulator.intrinsics import Given, TemplateError
from local.emulator.lenient import published, read_leniently
from local.emulator.routing import Door, behind, called
from local.emulator.spec import BadSpec, FunctionSpec, Scaling
from local.emulator.template import ANY, DEFAULT_ROUTE, Function, Template
from local.emulator.zips import BadZip, unpacked
from local.errors import UserError
from local.paths import BUILD
from local.program import run_program

REQUIREMENTS = "requirements.txt"
INSTALL_SECONDS = 300
Say = Callable[[str], None]


@dataclass(frozen=True)
class StackOptions:
    """What a command says of a template."""

    template: Path
    parameters: Mapping[str, str] = field(default_factory=dict)
    imports: Mapping[str, str] = field(default_factory=dict)
    environment: str = "default"
    """The environment of `samconfig.toml`."""
    shape: str | None = None
    """The event source that is before every function, in place of what the template says."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """Environment variables of every function, which override the template's."""


@dataclass(frozen=True)
class LoadedTemplate:
    """A template's functions, and what is to be said about it."""

    bundle: Bundle
    template: Template
    notes: tuple[str, ...]

    def named(self, name: str | None) -> FunctionSpec:
        """Return the function of this logical name, or the only one. Raises `UserError`."""
        functions = self.bundle.functions
        if name is None and len(functions) == 1:
            return next(iter(functions.values()))
        if name is None or name not in functions:
            advice = f"no function is called {name[:80]!r}" if name else "give a FUNCTION"
            raise UserError(f"{advice}; there are: {', '.join(functions)}")
        return functions[name]

    def event_of(self, request: WireRequest, name: str | None) -> tuple[str, bytes]:
        """Return the function that a request goes to and its event; of a function that has no route its URL's.

        Raises:
            UserError: where no API has the route.
        """
        call = Call(new_id(), datetime.now(UTC), new_trace())
        doors = [door for door in self.bundle.doors if name is None or name in door.routes.values()]
        if doors:
            source, routes, key = behind(doors, request)
            if key is None or source.refuse(request):
                raise _no_route(request, self.bundle)
            name, call = routes[key], called(source, key, request, call)
        else:
            source, name = EVENT_SOURCES["url"], self.named(name).name
        return name, json.dumps(source.event(request, call)).encode()


def _no_route(request: WireRequest, bundle: Bundle) -> UserError:
    known = ", ".join(sorted({" ".join(key) for door in bundle.doors for key in door.routes}))
    return UserError(f"no API has a route for {request.method} {request.path[:80]}; there are: {known or 'none'}")


def stack_of(options: StackOptions, limits: FunctionLimits, say: Say = lambda _: None) -> LoadedTemplate:
    """Read a template, build its functions and put them together.

    Raises:
        UserError: where there is nothing to run.
    """
    path = options.template
    if not path.is_file():
        raise UserError(f"--template: there is no file {path}")
    folder = path.absolute().parent
    config = sam_config.read(folder, options.environment)
    pseudo = {"AWS::StackName": config.stack_name, "AWS::Region": config.region}
    try:
        template = read_leniently(
            path,
            Given(
                {**config.parameters, **options.parameters},
                options.imports,
                {name: value for name, value in pseudo.items() if value},
            ),
        )
    except TemplateError as problem:
        raise UserError(str(problem)) from None
    notes = list(template.notes)
    template = _with_code(template, folder, notes)
    built, missing = _built(template, folder, say)
    notes += missing
    kept = {name: function for name, function in template.functions.items() if name in built.functions}
    if not kept:
        why = next((note for note in notes if note.endswith("left out")), "it has no Python function")
        raise UserError(f"{path} has nothing that can run here: {why}")
    bundle = _bundle(replace(template, functions=kept), built, options, limits, notes)
    return LoadedTemplate(bundle, template, tuple(dict.fromkeys(notes)))


def _with_code(template: Template, folder: Path, notes: list[str]) -> Template:
    """Leave out the functions and layers whose code is not beside the template."""
    functions, layers = {}, {}
    for name, function in template.functions.items():
        code, problem = _source(folder, function.code) if function.code else ("", "")
        if problem:
            notes.append(f"{name}: {problem}; it is left out")
        else:
            functions[name] = replace(function, code=code)
    for name, layer in template.layers.items():
        content, problem = _source(folder, layer.content)
        if problem:
            notes.append(f"{name}: {problem}; functions run without the layer")
        else:
            layers[name] = replace(layer, content=content)
    functions = {
        name: replace(function, layers=tuple(layer for layer in function.layers if layer in layers or published(layer)))
        for name, function in functions.items()
    }
    return replace(template, functions=functions, layers=layers)


def _source(folder: Path, code: str) -> tuple[str, str]:
    """Return the folder of a function's or a layer's code, unpacked where it is a zip, and what is wrong with it."""
    if code.endswith(".zip") and (folder / code).is_file():
        try:
            code = str(unpacked(folder / code))
        except BadZip as problem:
            return code, str(problem)
    return code, _problem(folder, code)


def _problem(folder: Path, code: str) -> str:
    """Return why a folder cannot be a function's or a layer's; empty where it can."""
    if not (folder / code).is_dir():
        return f"there is no folder or zip file {code}"
    size = 0
    for path, folders, files in os.walk(folder / code):
        folders[:] = [name for name in folders if name not in UNSHIPPED]
        size += sum((Path(path) / name).lstat().st_size for name in files)
        if size > quotas.UNZIPPED_BYTES:
            return f"{code} is larger than Lambda takes, which is {quotas.UNZIPPED_BYTES // quotas.MB} MB"
    return ""


def _built(template: Template, folder: Path, say: Say) -> tuple[Artifacts, list[str]]:
    """Build each function and layer by itself, so that one that cannot be built is left out alone."""
    functions, layers, notes = {}, {}, []
    for name, layer in template.layers.items():
        try:
            one = replace(template, functions={}, layers={name: layer})
            layers[name] = built_once(one, BUILD / "stacks", say, folder, _install).layers[name]
        except BuildError as problem:
            notes.append(f"{name}: {_one_line(problem)}; functions run without the layer")
    for name, function in template.functions.items():
        try:
            one = replace(template, functions={name: function}, layers={})
            functions[name] = built_once(one, BUILD / "stacks", say, folder, _install).functions[name]
        except BuildError as problem:
            notes.append(f"{name}: {_one_line(problem)}; it is left out")
    return Artifacts(functions, layers), notes


def _one_line(problem: Exception) -> str:
    return " ".join(str(problem).split())[:300]


def _install(destination: Path, say: Say) -> None:
    """Install the requirements of an artifact into it, from a copy that is kept by their content.

    Raises:
        BuildError: where they cannot be installed.
    """
    requirements = destination / REQUIREMENTS
    if not requirements.is_file():
        return
    text = requirements.read_text("utf-8", "replace")
    beside = any(line.lstrip().startswith((".", "-", "/", "file:")) for line in text.splitlines())
    # What lies beside the file is part of what the artifact's folder is named after.
    name = hashlib.sha256(f"{sys.version}{text}{destination.parent if beside else ''}".encode()).hexdigest()[:16]
    kept = (BUILD / "requirements" / name).absolute()
    if not kept.exists():
        forget_old(kept.parent)
        say(f"installing {REQUIREMENTS} of {destination.name}")
        making = kept.with_name(f"{name}.{os.getpid()}")
        _pip(requirements, making)
        try:
            making.rename(kept)
        except OSError:  # another command was first
            shutil.rmtree(making)
    for source in kept.rglob("*"):
        target = destination / source.relative_to(kept)
        if source.is_dir():
            target.mkdir(exist_ok=True)
        elif not target.exists():
            target.hardlink_to(source)


def _pip(requirements: Path, target: Path) -> None:
    target.mkdir(parents=True)
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    command = [str(uv), "pip", "install", "--python", sys.executable]
    if uv is None:
        command = [sys.executable, "-m", "pip", "install", "--no-input"]
    command += ["--quiet", "--target", str(target), "-r", requirements.name]
    try:
        done = run_program(command, INSTALL_SECONDS, cwd=requirements.parent)
    except UserError as problem:
        shutil.rmtree(target, ignore_errors=True)
        raise BuildError(f"{REQUIREMENTS} cannot be installed: {problem}") from None
    if done.returncode:
        shutil.rmtree(target, ignore_errors=True)
        lines = [line for line in done.stderr.splitlines() if line.strip()] or [f"status {done.returncode}"]
        why = next((line for line in lines if line.lower().startswith("error")), lines[-1])
        raise BuildError(f"{REQUIREMENTS} cannot be installed: {why.strip()}")


def _bundle(
    template: Template, built: Artifacts, options: StackOptions, limits: FunctionLimits, notes: list[str]
) -> Bundle:
    """Put the functions together: the APIs' routes, and a Function URL by the name of its function."""
    functions: dict[str, FunctionSpec] = {}
    apis: dict[str, dict[tuple[str, str], str]] = {"v2": {}, "v1": {}}
    urls = []
    here = f"python{sys.version_info.major}.{sys.version_info.minor}"
    others = sorted({f.runtime for f in template.functions.values()} - {here, "python"})
    if others:
        notes.append(f"{', '.join(others)}: functions run on {here} here")
    for name, function in template.functions.items():
        layers = tuple(_layers(function, built, notes))
        try:
            functions[name] = FunctionSpec(
                name=name,
                code=built.functions[name].absolute(),
                handler=function.handler.replace("/", "."),
                layers=layers,
                variables={**function.environment, **options.variables},
                scaling=limits.over(
                    Scaling(
                        memory_mb=function.memory_mb,
                        timeout=function.timeout,
                        reserved=function.reserved_concurrency,
                        provisioned=function.provisioned_concurrency,
                    )
                ),
            )
        except BadSpec as problem:
            raise UserError(f"{name}: {problem}") from None
        for shape, routes in (("v2", function.routes), ("v1", function.rest_routes)):
            for key in routes:
                if key in apis[shape]:
                    notes.append(f"{' '.join(key)} is in two APIs or functions; {apis[shape][key]} answers")
                apis[shape].setdefault(key, name)
        if function.url:
            urls.append(name)
    doors = [Door(shape, routes) for shape, routes in apis.items() if routes]
    doors += [Door("url", {(ANY, DEFAULT_ROUTE): name}, name.lower()) for name in urls]
    if options.shape:
        doors = [Door(options.shape, {**apis["v1"], **apis["v2"]} or {(ANY, DEFAULT_ROUTE): next(iter(functions))})]
    return Bundle(functions, {}, tuple(doors))


def _layers(function: Function, built: Artifacts, notes: list[str]) -> Iterator[Path]:
    """Yield the folders of a function's layers; a published layer is installed from the package index."""
    for layer in function.layers:
        if layer in built.layers:
            yield built.layers[layer].absolute()
        elif layer.startswith("arn:"):
            try:
                yield _published(layer)
            except BuildError as problem:
                notes.append(f"{function.name}: {layer}: {_one_line(problem)}; it runs without")


def _published(arn: str) -> Path:
    """Return the folder of a layer that AWS publishes. Raises `BuildError`."""
    requirement = published(arn)
    kept = (BUILD / "layers" / re.sub(r"[^A-Za-z0-9]+", "-", f"{requirement} {sys.version_info[:2]}")).absolute()
    if not kept.exists():
        making = kept.with_name(f"{kept.name}.{os.getpid()}")
        making.mkdir(parents=True)
        (making / REQUIREMENTS).write_text(requirement)
        _pip(making / REQUIREMENTS, making / "python")
        try:
            making.rename(kept)
        except OSError:  # another command was first
            shutil.rmtree(making)
    return kept


def addresses(bundle: Bundle, host: str, port: int) -> list[str]:
    """Return a line for each route and Function URL: where it answers, and which function."""
    lines = []
    for door in bundle.doors:
        if door.host:
            only = len([door for door in bundle.doors if door.host]) == 1
            also = f"  also http://{host}:{port}/, where no API has a route" if only else ""
            (name,) = door.routes.values()
            lines.append(f"http://{door.host}.localhost:{port}/  {name}, Function URL{also}")
        kind = {"v2": "HTTP API", "v1": "REST API"}.get(door.shape)
        if kind:
            lines += [
                f"{method} http://{host}:{port}{path if path != DEFAULT_ROUTE else '/*'}  {name}, {kind}"
                for (method, path), name in door.routes.items()
            ]
    return lines

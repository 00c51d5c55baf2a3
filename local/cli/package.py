"""`crossover package`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from local.cli.options import App, Directory, Env, Json, Python
from local.console import console, print_json, stderr
from local.deploy.package.target import Architecture, BuildTarget
from local.errors import UserError

if TYPE_CHECKING:
    from local.deploy.package.run import Packaged
    from local.guest.application import Guest


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(package)


def package(
    app: App = None,
    directory: Directory = None,
    python: Python = None,
    env: Env = None,
    requirements: Annotated[
        Path | None,
        typer.Option(
            help="What it needs.",
            show_default="uv.lock, Pipfile.lock, requirements.txt or pyproject.toml of its folder",
        ),
    ] = None,
    architecture: Annotated[Architecture, typer.Option(help="Of the function and of the image.")] = "arm64",
    runtime: Annotated[
        str | None, typer.Option(help="Python version of both.", show_default="its interpreter's, or else 3.13")
    ] = None,
    exclude: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="A library to leave out; repeatable.")
    ] = None,
    build: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A library without a wheel, to be built here: pure Python only; repeatable."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder, new, empty or an earlier package's.", show_default="./package")
    ] = None,
    image: Annotated[bool, typer.Option("--image", help="Build the container image too, with Docker.")] = False,
    tag: Annotated[str | None, typer.Option(help="Name of the image.", show_default="the application's")] = None,
    as_json: Json = False,
) -> None:
    """Package your own application: zips with a SAM template for Lambda, and a folder for its container image.

    Where this machine can run the package, it is run once in an emulated environment. The exit status is 1 where that
    fails, or where the zips are larger than Lambda takes.
    """
    from local.deploy.package.requirements import requirements_of
    from local.deploy.package.run import Options
    from local.deploy.package.run import package as make
    from local.deploy.package.target import default_version
    from local.guest.check import checked
    from local.guest.options import named_guest

    guest = named_guest(app, directory, python, env)
    if guest is None:
        raise UserError("package takes --app MODULE:NAME; crossover build and image are for the bundle's services")
    with stderr.status(f"importing {guest.reference}") as status:
        report = checked(guest)
        target = BuildTarget(architecture, _version(runtime) if runtime else default_version(report.version))
        needed = requirements_of(guest.directory, requirements.absolute() if requirements else None)
        folder = (out or Path.cwd() / "package").expanduser().absolute()
        options = Options(target, folder, guest.excluded, exclude or (), build or ())
        try:
            made = make(guest, report, needed, options, status.update)
        except OSError as problem:
            raise UserError(f"cannot package {guest.reference}: {problem}") from None
        status.update("trying the package")
        tried, failed = _tried(guest, target, made)
    built = _image(made, target, tag or guest.name.lower()) if image else None
    if as_json:
        print_json(_data(made, target, tried, built))
    else:
        _show(made, target, tried, built, tag or guest.name.lower())
    raise typer.Exit(1 if failed or not made.fits else 0)


def _version(text: str) -> tuple[int, int]:
    from local.deploy.package.target import RUNTIMES

    known = {f"{major}.{minor}": (major, minor) for major, minor in RUNTIMES}
    if text not in known:
        raise UserError(f"--runtime takes one of {', '.join(known)}")
    return known[text]


def _tried(guest: Guest, target: BuildTarget, made: Packaged) -> tuple[str, bool]:
    """Return what the package did here, in words, and whether it failed."""
    from local.deploy.package.trial import tried
    from local.emulator.runtime_files import Missing
    from local.emulator.spec import BadSpec

    if not target.runs_here:
        return f"not tried: this machine does not run Python {target.python} on {target.architecture}", False
    try:
        trial = tried(guest, made.function_zip, made.layer_zip)
    except (BadSpec, Missing) as problem:
        raise UserError(str(problem)) from None
    if trial.error:
        return f"the package does not run: {trial.error}", True
    return f"tried in an emulated environment: INIT {trial.init_ms:,.0f} ms, GET / is answered {trial.status}", False


def _image(made: Packaged, target: BuildTarget, tag: str) -> str:
    """Build the image and return its name. Raises `UserError`."""
    from local.deploy.docker import Docker, EngineError
    from local.deploy.image import require

    docker = Docker()
    require(docker)
    platform = {"arm64": "linux/arm64", "x86_64": "linux/amd64"}[target.architecture]
    try:
        docker.show("build", "--platform", platform, "--tag", tag, str(made.image))
    except EngineError as problem:
        raise UserError(str(problem)) from None
    return tag


def _data(made: Packaged, target: BuildTarget, tried: str, built: str | None) -> dict[str, Any]:
    return {
        "architecture": target.architecture,
        "python": target.python,
        "requirements": str(made.requirements),
        "function": {"path": str(made.function_zip), "bytes": made.function_zip.stat().st_size, "files": made.files},
        "layer": {"path": str(made.layer_zip), "bytes": made.layer_zip.stat().st_size},
        "template": str(made.template),
        "image_folder": str(made.image),
        "image": built,
        "unzipped_bytes": made.unzipped_bytes,
        "fits": made.fits,
        "heaviest": [{"name": name, "bytes": size} for name, size in made.heaviest],
        "findings": made.findings,
        "trial": tried,
    }


def _show(made: Packaged, target: BuildTarget, tried: str, built: str | None, tag: str) -> None:
    from local.deploy.package.run import megabytes

    heaviest = ", ".join(f"{name} {megabytes(size)}" for name, size in made.heaviest)
    platform = {"arm64": "linux/arm64", "x86_64": "linux/amd64"}[target.architecture]
    lines = [
        f"{made.function_zip}: {made.files} files, {megabytes(made.function_zip.stat().st_size)}",
        f"{made.layer_zip}: what {made.requirements.name} names, {megabytes(made.layer_zip.stat().st_size)}",
        f"Python {target.python}, {target.architecture}; unzipped {megabytes(made.unzipped_bytes)} of 250: {heaviest}",
        *made.findings,
        tried[0].upper() + tried[1:] + ".",
        f"Lambda: sam deploy --guided --template-file {made.template}",
        f"Container: {f'built {built}' if built else f'docker build --platform {platform} --tag {tag} {made.image}'}",
    ]
    for line in lines:
        console.print(line, highlight=False, markup=False, soft_wrap=True)

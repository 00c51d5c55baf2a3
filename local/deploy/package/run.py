"""Packages an application: zips and a template for Lambda, a folder with a Dockerfile for its image."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from local.deploy.package import libraries, texts
from local.deploy.package.files import sources, tree, write_zip
from local.deploy.package.requirements import Requirements
from local.deploy.package.target import BuildTarget
from local.emulator.quotas import UNZIPPED_BYTES
from local.errors import UserError
from local.guest.application import Guest
from local.guest.check import Checked
from local.guest.emulated import MEMORY_MB

HEAVIEST = 5
NOT_NEEDED = ("boto3", "botocore", "s3transfer", "uvicorn", "gunicorn", "uvloop", "httptools", "watchfiles", "pip")
"""What Lambda's runtime has, or what only a server needs."""
WORTH_BYTES = 2**20
"""A library's size below which leaving it out is not worth a line."""
MARKER = ".crossover-package"


@dataclass(frozen=True)
class Options:
    """How a package is made."""

    target: BuildTarget
    out: Path
    exclude_files: Sequence[str] = ()
    exclude: Sequence[str] = ()
    build: Sequence[str] = ()


@dataclass(frozen=True)
class Packaged:
    """What was made."""

    out: Path
    function_zip: Path
    layer_zip: Path
    template: Path
    image: Path
    requirements: Path
    files: int
    unzipped_bytes: int
    """Function and layer together."""
    heaviest: list[tuple[str, int]]
    """Distributions and their bytes."""
    findings: list[str]

    @property
    def fits(self) -> bool:
        """Whether Lambda takes the zips."""
        return self.unzipped_bytes <= UNZIPPED_BYTES


def package(
    guest: Guest, checked: Checked, requirements: Requirements, options: Options, step: Callable[[str], None]
) -> Packaged:
    """Make everything in the folder `options.out`, from which an earlier package is removed. Raises `UserError`."""
    out = options.out
    files = sources(guest.directory, out, options.exclude_files)
    if not files:
        raise UserError(f"{guest.directory} has no files to package")
    _make_room(out)
    with tempfile.TemporaryDirectory(prefix="crossover-") as name:
        scratch = Path(name)
        installed = scratch / "installed"
        step("installing the libraries")
        libraries.install(requirements.text, options.target, installed, options.build, scratch)
        if options.exclude:
            libraries.exclude(installed, options.exclude)
        sizes = _sizes(installed)
        step("writing the zips")
        wsgi = libraries.FOR_WSGI if checked.kind == "wsgi" else ()
        on_lambda, image = scratch / "lambda", out / "image"
        shutil.copytree(installed, on_lambda)
        libraries.add_support(on_lambda, (*libraries.FOR_LAMBDA, *wsgi))
        layer = tree(on_lambda, "python/")
        write_zip(out / "function.zip", files)
        write_zip(out / "layer.zip", layer)
        shutil.move(installed, image / "libraries")
        libraries.add_support(image / "libraries", (*libraries.FOR_SERVER, *wsgi))
        unzipped = sum(path.stat().st_size for path in (*files.values(), *layer.values()))
    for relative, path in files.items():
        destination = image / "application" / relative
        destination.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, destination)
    for path in (image, *image.rglob("*")):
        # Another user than the owner reads them in the container.
        path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
    (image / "Dockerfile").write_text(texts.dockerfile(guest.reference, options.target))
    template = out / "template.yaml"
    template.write_text(texts.template(guest.reference, options.target, guest.memory_mb or MEMORY_MB, guest.variables))
    return Packaged(
        out=out,
        function_zip=out / "function.zip",
        layer_zip=out / "layer.zip",
        template=template,
        image=image,
        requirements=requirements.source,
        files=len(files),
        unzipped_bytes=unzipped,
        heaviest=sizes[:HEAVIEST],
        findings=findings(sizes, unzipped),
    )


def findings(sizes: Sequence[tuple[str, int]], unzipped: int) -> list[str]:
    """Return what is wrong with the size of a package, or could be smaller. Pure."""
    files = []
    if unzipped > UNZIPPED_BYTES:
        named = ", ".join(f"{name} {megabytes(size)}" for name, size in sizes[:HEAVIEST])
        files.append(
            f"unzipped {megabytes(unzipped)}, more than the {megabytes(UNZIPPED_BYTES)} that Lambda takes as zips: "
            f"{named}; leave libraries out with --exclude, or deploy a container image"
        )
    spare = [(name, size) for name, size in sizes if name in NOT_NEEDED and size >= WORTH_BYTES]
    if spare:
        options = " ".join(f"--exclude {name}" for name, _ in spare)
        total = megabytes(sum(size for _, size in spare))
        files.append(
            f"Lambda's runtime has, or needs no {', '.join(name for name, _ in spare)}: {options} saves {total}"
        )
    return files


def megabytes(size: int) -> str:
    """Return a size in MB of 2**20 bytes, or in KB where that is less than one."""
    return f"{size / 2**20:,.1f} MB" if size >= 2**20 else f"{size / 2**10:,.1f} KB"


def _sizes(folder: Path) -> list[tuple[str, int]]:
    sizes = {
        name: sum(path.stat().st_size for path in paths) for name, paths in libraries.distributions(folder).items()
    }
    return sorted(sizes.items(), key=lambda item: (-item[1], item[0]))


def _make_room(out: Path) -> None:
    try:
        if out.is_dir() and any(out.iterdir()):
            if not (out / MARKER).is_file():
                raise UserError(f"{out} is not empty and was not made by crossover package; give another --out")
            shutil.rmtree(out)
        out.mkdir(parents=True, exist_ok=True)
        (out / MARKER).touch()
    except OSError as problem:
        raise UserError(f"cannot write {out}: {problem.strerror}") from None

"""dynalite, a server that speaks DynamoDB's interface and counts its units right; it needs Node.js and npm.

Its programs are installed once into the build folder, by the lock that is kept beside this file.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.child import Child, NotReadyError, free_port
from local.console import stderr
from local.errors import UserError
from local.paths import BUILD

HOST = "127.0.0.1"
LOCK = Path(__file__).with_name("dynalite")
FOLDER = BUILD / "dynalite"
MIN_NODE = 20
INSTALL_SECONDS = 300.0
STOP_SECONDS = 5.0


def have_node() -> bool:
    """Return whether there is a Node.js that is new enough, with npm."""
    if not (shutil.which("node") and shutil.which("npm")):
        return False
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False).stdout
    major = version.removeprefix("v").partition(".")[0]
    return major.isdigit() and int(major) >= MIN_NODE


def install() -> Path:
    """Return dynalite's program, installed where it was not. Raises `UserError`."""
    program = FOLDER / "node_modules" / "dynalite" / "cli.js"
    lock = FOLDER / "package-lock.json"
    if program.exists() and lock.read_bytes() == (LOCK / "package-lock.json").read_bytes():
        return program
    if not have_node():
        raise UserError(f"dynalite needs Node.js {MIN_NODE} or newer with npm; --engine moto does without")
    stderr.print("crossover: installing dynalite with npm")
    # Made aside and renamed, so that an interrupted installation is not taken for a whole one.
    FOLDER.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=FOLDER.parent) as temporary:
        new = Path(temporary, "dynalite")
        shutil.copytree(LOCK, new)
        command = ["npm", "ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"]
        try:
            done = subprocess.run(
                command, cwd=new, capture_output=True, text=True, check=False, timeout=INSTALL_SECONDS
            )
        except subprocess.TimeoutExpired:
            raise UserError(f"npm did not install dynalite within {INSTALL_SECONDS:.0f} s") from None
        if done.returncode:
            raise UserError(f"npm cannot install dynalite: {(done.stderr or done.stdout).strip()[-300:]}")
        shutil.rmtree(FOLDER, ignore_errors=True)
        new.rename(FOLDER)
    return program


@contextmanager
def serve(port: int = 0, folder: Path | None = None) -> Iterator[tuple[str, Child]]:
    """Run dynalite and yield its address and its process; port 0 takes a free one, no folder keeps all in memory."""
    program = install()
    port = port or free_port(HOST)
    command = ["node", str(program), "--host", HOST, "--port", str(port)]
    command += [option for name in ("create", "delete", "update") for option in (f"--{name}TableMs", "0")]
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        command += ["--path", str(folder)]
    environment = {**os.environ, "NODE_NO_WARNINGS": "1"}
    child = Child(command, env=environment, output=subprocess.PIPE)
    try:
        # It says that it listens once it does; until then another server may answer on the port.
        ready = child.stdout is not None and child.stdout.readline().startswith(b"Dynalite listening")
        if not ready:
            raise NotReadyError("it ended at once")
        yield f"http://{HOST}:{port}", child
    except NotReadyError:
        raise UserError(f"dynalite did not start on port {port}; give another --port") from None
    finally:
        child.stop(seconds=STOP_SECONDS)

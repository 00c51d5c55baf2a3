"""Puts scripts and styles into one page that needs no network, and allows nothing else to run in it."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import re
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from local.paths import BUILD

PAGE = Path(__file__).parent / "page"
BUILT = BUILD / "report"
_IMPORT = re.compile(r'^import (\{[^}]*\}) from "\./([a-z]+)\.js";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:const|class|function\*?) (\w+))", re.MULTILINE)


def bundled(entry: str, folder: Path = PAGE) -> str:
    """A module of the page after all that it imports, as one script; each keeps its names to itself."""
    modules: dict[str, str] = {}

    def visit(name: str) -> None:
        text = (folder / f"{name}.js").read_text()
        for _, needed in _IMPORT.findall(text):
            if needed not in modules:
                visit(needed)
        exported = ", ".join(_EXPORT.findall(text))
        body = _EXPORT.sub("", _IMPORT.sub(r"const \1 = $\2;\n", text)).strip()
        modules[name] = f"const ${name} = (() => {{\n{body}\nreturn {{ {exported} }};\n}})();"

    visit(entry)
    return script_safe('"use strict";\n' + "\n\n".join(modules.values()))


@cache
def vega() -> str:
    """Vega, Vega-Lite and Vega-Embed as one script that sets `vegaEmbed`."""
    import vl_convert

    kept = BUILT / f"vega-{version('vl-convert-python')}.js"
    if not kept.exists():  # bundling takes seconds of CPU
        replace(kept, script_safe(vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")))
    return kept.read_text(encoding="utf-8")


def replace(path: Path, text: str) -> None:
    """Writes a file, whole or not at all. Raises `OSError`."""
    half = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        half.write_text(text, encoding="utf-8")
        half.replace(path)
    finally:
        with contextlib.suppress(OSError):
            half.unlink(missing_ok=True)


def script_safe(script: str) -> str:
    """A script that cannot end the element it stands in."""
    return script.replace("</script", r"<\/script").replace("<!--", r"<\!--")


def json_safe(value: Any) -> str:
    """JSON that cannot end the element it stands in, whatever text is in it."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def policy(scripts: list[str], styles: list[str]) -> str:
    """A content security policy under which these scripts and styles run, and nothing is fetched or sent."""
    allowed = [
        "default-src 'none'",
        f"script-src {' '.join(map(_hash, scripts))}",
        f"style-src {' '.join(map(_hash, styles))}",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    return "; ".join(allowed)


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

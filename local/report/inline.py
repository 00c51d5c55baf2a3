"""Put scripts and styles into one page that needs no network, and allow nothing else to run in it."""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from local.files import write_atomically
from local.paths import BUILD

PAGE = Path(__file__).parent / "page"
BUILT = BUILD / "report"
MODULE_PREFIX = "page/"
"""Of the names by which the page's modules import each other; the import map has their addresses."""
START = f"""\
const script = document.createElement("script");
script.type = "module";
script.src = import.meta.resolve("{MODULE_PREFIX}main.js");
document.body.append(script);
"""
"""The script that starts the page. `strict-dynamic` allows what an allowed script adds, and nothing that is parsed."""


def import_map(*paths: Path) -> str:
    """Return an import map with the page's modules, and others, as `data:` addresses: nothing is fetched."""
    names = {MODULE_PREFIX + path.name: path for path in (*sorted(PAGE.glob("*.js")), *paths)}
    return json.dumps({"imports": {name: _address(path, name) for name, path in names.items()}})


def _address(path: Path, name: str) -> str:
    script = f"{path.read_text(encoding='utf-8')}//# sourceURL={name}\n"  # the name in place of all this in errors
    return f"data:text/javascript;base64,{base64.b64encode(script.encode()).decode()}"


@cache
def vega() -> str:
    """Return Vega, Vega-Lite and Vega-Embed as one script that sets `vegaEmbed`."""
    import vl_convert

    bundle = BUILT / f"vega-{version('vl-convert-python')}.js"
    if not bundle.exists():  # bundling takes seconds of CPU
        write_atomically(bundle, script_safe(vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")))
    return bundle.read_text(encoding="utf-8")


def script_safe(script: str) -> str:
    """Return a script that cannot end the element it stands in."""
    return script.replace("</script", r"<\/script").replace("<!--", r"<\!--")


def json_safe(value: Any) -> str:
    """Return JSON that cannot end the element it stands in, whatever text is in it."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def policy(scripts: list[str], styles: list[str]) -> str:
    """Return a content security policy under which these scripts and styles run, and nothing is fetched or sent."""
    allowed = [
        "default-src 'none'",
        f"script-src 'strict-dynamic' {' '.join(map(_hash, scripts))}",
        f"style-src {' '.join(map(_hash, styles))}",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    return "; ".join(allowed)


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

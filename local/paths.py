"""Where the project is on this machine, whatever folder a command is called from."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / ".data"
"""What commands make and keep: demo stores, database servers, results. Nothing in it is precious."""

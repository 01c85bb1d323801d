"""Where things lie that tests read."""

from pathlib import Path

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "data" / "sample"
SHARED = ROOT.parent / "shared" / "data"  # research data beside the checkout, where it is there

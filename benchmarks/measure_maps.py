"""Put the maps of the real runs to the sanity test, and keep what it found.

python benchmarks/measure_maps.py real-64px-official=RUN ...

Each RUN must be the network of its stored result. Its validation images alone are
read, twelve of them; no test is. The check is kept in the run too, as by
`xraylab explain`.
"""

import argparse
from datetime import UTC, datetime

from measure_doses import open_run

from xraylab import results
from xraylab.explanation import run as explaining
from xraylab.explanation import sanity, stored

ABOUT = (
    "Whether maps of the real networks depend on their weights: the rank correlation "
    "of each map with maps of the same network with shuffled weights (limit: at or "
    "above it a map has failed), on twelve validation images. "
    f"{explaining.LEAST}"
)


def measure(name: str, folder: str) -> list[dict]:
    """Check every map of a run, one row a map."""
    run = open_run(name, folder)
    found, text = explaining.check_run(run.folder)
    print(text, flush=True)
    about, _ = stored.read(run.folder, "maps")
    facts = {key: about[key] for key in ("on", "n_shuffled", "limit")}
    assert facts["limit"] == sanity.LIMIT
    return [{"result": name} | facts | row for row in found.to_dict("records")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+", metavar="NAME=RUN")
    pairs = (text.split("=") for text in parser.parse_args().runs)
    rows = [row for name, folder in pairs for row in measure(name, folder)]
    date = datetime.now(UTC).date().isoformat()
    tables = {"real-64px-maps": {"about": ABOUT, "rows": rows}}
    print(results.write_tables("real-64px-maps", tables, date=date))


if __name__ == "__main__":
    main()

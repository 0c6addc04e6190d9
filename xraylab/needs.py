"""What must be installed beside the package, and what is not.

Where a lesson comes alone, the package is installed without its dependencies: those of
the place fit each other. So nobody but this module looks whether they are there.
"""

from __future__ import annotations

from importlib import metadata

from packaging.requirements import Requirement


def find_unmet() -> list[str]:
    """Say of each package that xraylab needs if it is missing, or of another version.

    Returns
    -------
    list of str
        One line each; empty where all is well.
    """
    wanted = map(Requirement, metadata.requires("xraylab") or ())
    return [
        f"xraylab needs {need.name}{need.specifier}, found {_found(need) or 'none'}. "
        "Lessons that use it may stop; on Kaggle, the latest environment may have it."
        for need in wanted
        if (need.marker is None or need.marker.evaluate({"extra": ""}))
        and not need.specifier.contains(_found(need) or "0", prereleases=True)
    ]


def say_unmet() -> None:
    """Print what `find_unmet` finds; nothing where all is well."""
    for line in find_unmet():
        print(line)


def _found(need: Requirement) -> str:
    """Give the version that is installed, "" where there is none."""
    try:
        return metadata.version(need.name)
    except metadata.PackageNotFoundError:
        return ""

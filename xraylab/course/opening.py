"""How a lesson opens anywhere: its badges, and the cell that gets the package.

On Kaggle and Colab a notebook comes alone. It installs the version that it was built
for, from wheels in an attached dataset or from the repository, and never touches what
the place brings: its torch and numpy fit each other and its GPU.
"""

from xraylab import REPOSITORY, __version__
from xraylab.course import notebooks

TAG = f"v{__version__}"
NOT_THERE = "captum"  # the one need of the package that Kaggle and Colab lack
_COLAB = "https://colab.research.google.com"
_KAGGLE = "https://kaggle.com"

# The only code that no source holds. Its first line is what Colab shows of it.
SETUP = f'''\
# @title Get xraylab where it is not installed: only Kaggle and Colab need this
try:
    from xraylab import __version__  # a mere folder of that name has none
except ImportError:
    import glob, subprocess, sys
    from IPython.core.error import UsageError

    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    wheels = glob.glob("/kaggle/input/**/xraylab-*.whl", recursive=True)
    folders = [f"--find-links={{wheel.rpartition('/')[0]}}" for wheel in wheels]
    attached = ["--no-index", *folders, "xraylab=={__version__}", "{NOT_THERE}"]
    fetched = ["git+{REPOSITORY}@{TAG}", "--retries=1", "{NOT_THERE}"]
    for source in [attached, fetched] if wheels else [fetched]:
        if not subprocess.run([*pip, *source], capture_output=True).returncode:
            break
    else:
        raise UsageError(f"""xraylab {__version__} is not here and could not be fetched.
Attached wheels: {{", ".join(wheels) or "none"}}. On Kaggle, do this, then Run All:
- in the panel on the right, Session options, turn Internet on;
- or Add Input there, and attach a dataset with the wheels of xraylab {__version__}:
  {REPOSITORY}/blob/{TAG}/docs/places.md
Elsewhere: pip install git+{REPOSITORY}@{TAG}""")
    sys.modules.pop("xraylab", None)
    from xraylab import needs
    needs.say_unmet()'''
# Folded away in JupyterLab, Colab and Kaggle: no learner needs to read it first.
FOLDED = {
    "jupyter": {"source_hidden": True},
    "cellView": "form",
    "_kg_hide-input": True,
}


def badges(name: str) -> str:
    """Write the badges that open a lesson without outputs on Colab and Kaggle.

    Parameters
    ----------
    name : str
        Of the lesson, such as "00_the_claim".

    Returns
    -------
    str
        Two lines of Markdown. They lead to the lesson of this version.
    """
    file = f"{REPOSITORY}/blob/{TAG}/notebooks/{notebooks.CLEAN}/{name}.ipynb"
    on_github = file.removeprefix("https://github.com/")
    colab = f"{_COLAB}/github/{on_github}"
    kaggle = f"{_KAGGLE}/kernels/welcome?src={file}"
    return (
        f"[![Open in Colab]({_COLAB}/assets/colab-badge.svg)]({colab})\n"
        f"[![Open in Kaggle]({_KAGGLE}/static/images/open-in-kaggle.svg)]({kaggle})"
    )

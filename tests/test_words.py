"""The field's words stand everywhere: a learner can search for what was taught."""

import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
SAY = {  # words, in any case -> what to say instead
    r"(?<!np\.)floors?": "baseline, chance level",
    r"sick|healthy": "pneumonia, normal; positive, negative",
    r"pictures?": "image",
    r"turned": "rotated, flipped",
    r"la(id|ying) over": "registered, aligned",
    r"middle values?": "median",
    r"spreads?": "standard deviation, variance",
    r"meetings?|who may meet": "leakage, overlap between splits",
    r"n_looks|visitors' book": "test-set readings, test log",
    r"table of right and wrong": "confusion matrix",
    r"a [`*]*(image|input|error|audit|AUROC)\w*": "an ...",
}
# What has another meaning, or is others' word: text of the line -> where
ALLOWED = {
    'NO_DISEASE = {"normal", "healthy"': "data/folders.py",  # their folders
    "healthy lung": "phantom",  # anatomy, not a class
    "healthy_air": "phantom",
    "healthy = air": "phantom",
    "healthy.std()": "phantom",
    "`by_row` spreads them over": "phantom",
    "Spread a row table over": "phantom",
}
FILES = [
    *sorted(REPOSITORY.glob("notebooks/source/*.py")),
    *sorted(
        p for e in ("py", "toml", "html") for p in REPOSITORY.glob(f"xraylab/**/*.{e}")
    ),
    *sorted(REPOSITORY.glob("docs/**/*.md")),
    *(REPOSITORY / name for name in ("README.md", "data/README.md")),
    *(REPOSITORY / name for name in ("CONTRIBUTING.md", "CHANGELOG.md")),
]


def find(words, text):
    """The lines of a text that hold one of the words."""
    pattern = re.compile(rf"(?<![\w-])({words})(?![\w-])", re.I)
    return [line.strip() for line in text.splitlines() if pattern.search(line)]


@pytest.fixture(scope="module")
def texts():
    return {f.relative_to(REPOSITORY).as_posix(): f.read_text("utf-8") for f in FILES}


@pytest.mark.parametrize("words", SAY)
def test_the_fields_word_stands_everywhere(words, texts):
    found = [
        f"{file}: {line}"
        for file, text in texts.items()
        for line in find(words, text)
        if not any(said in line and where in file for said, where in ALLOWED.items())
    ]
    assert not found, f"say {SAY[words]}"


def test_what_is_allowed_is_there(texts):
    for said, where in ALLOWED.items():
        assert any(said in text for file, text in texts.items() if where in file), said


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (r"(?<!np\.)floors?", "Its floor is 0.5."),
        ("sick|healthy", "# of the *healthy* children"),
        (r"a [`*]*(image|input|error|audit|AUROC)\w*", "Each gets a `image_id`"),
    ],
)
def test_such_a_line_would_be_found(words, line):
    assert words in SAY
    assert find(words, line) == [line]
    assert not find(words, "np.floor(x), a floor-to-ceiling sickness, an image")

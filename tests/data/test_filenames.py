import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xraylab import data
from xraylab.data import filenames


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("person447_virus_921_1.jpeg", ("virus", "447")),
        ("IM-0115-0001-0002.jpeg", ("IM", "0115")),
        ("NORMAL2-IM-1438-0001.jpeg", ("NORMAL2", "1438")),
        ("BACTERIA-1083680-0001.jpeg", ("bacteria", "1083680")),
        ("NORMAL-28501-0001.jpeg", ("NORMAL", "28501")),
        ("NORMAL(12).jpg", ("", "12")),
        ("holiday.jpeg", ("", "")),
        ("person1_fungus_2.jpeg", ("", "")),
        ("im-0115-0001.JPEG", ("IM", "0115")),
        ("Bacteria-1083680-0001.jpeg", ("bacteria", "1083680")),
        ("train/NORMAL/00012158_025.png", ("NIH", "00012158")),
        ("20240131_025.png", ("", "")),  # a date
        ("CheXpert/train/patient64541/study1/view1_frontal.jpg", ("CheXpert", "64541")),
        ("patient64541_study1_view2_lateral.png", ("CheXpert", "64541")),
        ("patient00001_view1_frontal.jpg", ("CheXpert", "00001")),
        ("p10/p10000032/s50414267/02aa804e-bde0.jpg", ("MIMIC", "10000032")),
        ("person1_bacteria_2/00001.png", ("", "")),  # a folder tells nothing here
    ],
)
def test_read_name(name, expected):
    assert data.read_name(name) == expected


STEMS = {
    "person1_bacteria_1": ("bacteria", "1"),
    "person447_virus_921_1": ("virus", "447"),
    "IM-0001-0001": ("IM", "0001"),
    "IM-0001-0001-0002": ("IM", "0001"),
    "NORMAL2-IM-0007-0001": ("NORMAL2", "0007"),
    "VIRUS-1234567-0003": ("virus", "1234567"),
    "00012158_025": ("NIH", "00012158"),
}
SUFFIXES = [
    "_jpeg.rf.0a1b2c3d4e5f60718293a4b5c6d7e8f9",  # Roboflow
    "_jpg.rf.Zk3Qw9",
    *(" (1)", "(2)", " - Copy", "-copy", "_copy2", " copy", " - Kopie"),
    *("_aug0", "-aug_3", "_augmented", "_flip", "_hflip", "_rot90", "_0_4821"),
    *(".jpeg", "_png", "_224x224", "_resized", "_clahe", "~1", "@2x"),
]
PREFIXES = ["Copy of ", "NORMAL_original_", "aug_0_", "augmented_"]


@pytest.mark.parametrize("stem", STEMS)
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_an_export_adds_is_passed_over(stem, suffix):
    assert data.read_name(f"train/x/{stem}{suffix}.jpg") == STEMS[stem]


@pytest.mark.parametrize("stem", STEMS)
@pytest.mark.parametrize("prefix", PREFIXES)
def test_what_an_export_puts_before_is_passed_over(stem, prefix):
    assert data.read_name(f"train/x/{prefix}{stem}.jpg") == STEMS[stem]


@pytest.mark.parametrize(
    "name",
    [
        "person1_bacteria_12abc.jpeg",  # not set apart
        "person1_bacteria_1_person2_virus_3.jpeg",  # two children in one image
        "IM-0001-0001+NORMAL2-IM-0007-0001.png",
        "myIM-0001-0001.jpeg",
        "person1_bacteria_jpeg.rf.0a1b.jpg",  # not the whole name
        "NORMAL(12) (1).jpg",
        "view1_frontal.jpg",
        "0b4b1e2c9c.png",
    ],
)
def test_a_name_that_is_not_whole_tells_no_child(name):
    assert data.read_name(name) == ("", "")


@pytest.mark.parametrize("above", ["", "x/", "set/train/"])
@pytest.mark.parametrize("below", ["/", "/study1/", "_study1/"])
def test_a_patients_folder_tells_the_child_at_any_depth(above, below):
    name = f"{above}patient64541{below}view1_frontal.jpg"
    assert data.read_name(name) == ("CheXpert", "64541")


@pytest.mark.parametrize(
    ("name", "is_indexed"),
    [
        ("NORMAL(12).jpg", True),
        ("pneumonia (3).jpeg", True),
        ("COVID19(0)", True),
        ("NORMAL(12)-1.jpg", False),
        ("NORMAL.jpg", False),
        ("IM-0001-0001.jpeg", False),
    ],
)
def test_only_a_class_and_an_index_is_indexed(name, is_indexed):
    assert filenames.is_indexed(name) is is_indexed


@given(st.integers(0, 9999), st.integers(0, 9999))
def test_bacteria_and_virus_of_one_number_are_two_children(number, image):
    a = data.read_name(f"person{number}_bacteria_{image}.jpeg")
    b = data.read_name(f"person{number}_virus_{image}.jpeg")
    assert a[1] == b[1] == str(number)
    assert a != b


@given(st.text(max_size=40))
def test_read_name_takes_any_text(name):
    kind, number = data.read_name(name)
    kinds = {"bacteria", "virus", "IM", "NORMAL2", "NORMAL", "NIH", "CheXpert"}
    assert kind in {"", "MIMIC", *kinds}
    assert number == "" or re.fullmatch(r"\d+", number)

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xraylab import data


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
    ],
)
def test_read_name(name, expected):
    assert data.read_name(name) == expected


@given(st.integers(0, 9999), st.integers(0, 9999))
def test_bacteria_and_virus_of_one_number_are_two_children(number, image):
    a = data.read_name(f"person{number}_bacteria_{image}.jpeg")
    b = data.read_name(f"person{number}_virus_{image}.jpeg")
    assert a[1] == b[1] == str(number)
    assert a != b


@given(st.text(max_size=40))
def test_read_name_takes_any_text(name):
    kind, number = data.read_name(name)
    assert kind in {"", "bacteria", "virus", "IM", "NORMAL2", "NORMAL"}
    assert number == "" or re.fullmatch(r"\d+", number)

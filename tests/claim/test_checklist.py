"""The table of fields and items."""

import re

import pytest

from xraylab.claim import checklist, fields, list_items, original

KEYS = list(checklist.HEADINGS)


def test_each_field_is_filled_and_held_against_the_original():
    assert list(fields.FIELDS) == list(original.SAYS) == KEYS


def test_both_lists_are_whole():
    claim, tripod = checklist.LISTS.values()
    assert list(claim) == [str(n) for n in range(1, 45)]
    numbers = [int(re.match(r"\d+", item)[0]) for item in tripod]
    assert sorted(set(numbers)) == list(range(1, 28))
    assert numbers == sorted(numbers)
    assert len(tripod) == 52


@pytest.mark.parametrize("key", KEYS)
def test_a_field_names_items_that_are_there(key):
    heading = checklist.HEADINGS[key]
    for items, named in zip(checklist.LISTS.values(), heading[1:], strict=True):
        assert set(named) <= set(items)
        assert len(set(named)) == len(named)


def test_items_without_a_field_are_listed_as_such():
    table = list_items()
    assert len(table) == 44 + 52
    by_item = table.set_index(["checklist", "item"])["fields"]
    assert by_item["CLAIM 2024", "33"] == "external"
    assert by_item["CLAIM 2024", "20"] == "protocol"
    assert by_item["TRIPOD+AI", "15"] == "point"
    assert by_item["TRIPOD+AI", "23a"] == "figures, calibration, subgroups"
    assert by_item["TRIPOD+AI", "19"] == ""

"""Answers that are written and read are the same answers."""

from types import SimpleNamespace

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from xraylab.claim import evidence
from xraylab.training import answers

SCORES = st.lists(st.floats(0, 1), min_size=2, max_size=20)


def make_table(scores):
    names = [f"{i:03}" for i in range(len(scores))]  # digits that stay text
    ids = {"path": names, "image_id": names, "group_id": names}
    labels = [i % 2 for i in range(len(scores))]
    return pd.DataFrame({**ids, "label": labels, "score": scores})[answers.COLUMNS]


@given(SCORES)
def test_scores_come_back_to_the_last_bit(tmp_path_factory, scores):
    folder = tmp_path_factory.mktemp("run")
    table = make_table(scores)
    answers.write_predictions(folder, "external", table, "0123")
    run = SimpleNamespace(folder=folder, network_id="0123")
    kept = evidence.read_answers(run, "external")
    signed = table.assign(network="0123")
    pd.testing.assert_frame_equal(kept, signed, check_exact=True)

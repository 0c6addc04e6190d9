import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from tests.conftest import as_jpeg, blob_image, write_file
from xraylab import audit
from xraylab.audit import shortcuts
from xraylab.errors import UnreadableImageError


def table(*paths):
    return pd.DataFrame({"path": list(paths)})


def test_facts_are_those_of_the_files(tmp_path):
    fine = as_jpeg(blob_image(1)[:48], quality=95)
    coarse = as_jpeg(blob_image(1), quality=40)
    write_file(tmp_path / "fine.jpeg", fine)
    write_file(tmp_path / "coarse.jpeg", coarse)
    facts = audit.file_facts(table("fine.jpeg", "coarse.jpeg"), tmp_path)
    first, second = facts.to_dict("records")
    assert (first["width"], first["height"], first["aspect"]) == (96, 48, 2.0)
    assert (first["mode"], first["bytes"]) == ("L", len(fine))
    assert first["bits_per_pixel"] == pytest.approx(8 * len(fine) / (96 * 48))
    assert first["table_sum"] < second["table_sum"]


def test_facts_keep_the_index_and_know_no_table_of_a_png(tmp_path):
    out = io.BytesIO()
    Image.new("RGB", (3, 4)).save(out, "PNG")
    write_file(tmp_path / "a.png", out.getvalue())
    facts = audit.file_facts(table("a.png").set_axis([7]), tmp_path)
    assert facts.index.tolist() == [7]
    assert facts["mode"].tolist() == ["RGB"]
    assert facts["table_sum"].isna().all()


def test_facts_need_only_the_header(tmp_path):
    data = as_jpeg(blob_image(2, 200))
    write_file(tmp_path / "cut.jpeg", data[: len(data) // 2])
    assert audit.file_facts(table("cut.jpeg"), tmp_path)["width"].tolist() == [200]


def test_a_file_without_header_is_named(tmp_path):
    write_file(tmp_path / "text.jpeg", b"hello")
    with pytest.raises(UnreadableImageError, match=r"text\.jpeg.*no image format"):
        audit.file_facts(table("text.jpeg"), tmp_path)
    with pytest.raises(FileNotFoundError):
        audit.file_facts(table("missing.jpeg"), tmp_path)


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 1)), min_size=2).filter(
        lambda rows: len({label for _, label in rows}) == 2
    )
)
def test_one_feature_agrees_with_the_library_whichever_way(rows):
    values, labels = np.array(rows).T
    share = roc_auc_score(labels, values)
    found = audit.one_feature_auroc(values, labels)
    assert found.auroc == pytest.approx(max(share, 1 - share))
    flipped = audit.one_feature_auroc(-values, labels)
    assert flipped.auroc == pytest.approx(found.auroc)
    if found.auroc > 0.5 + 1e-9:
        assert found.high_means == ("pneumonia" if share > 0.5 else "normal")
        assert flipped.high_means != found.high_means


@pytest.mark.parametrize(
    ("values", "labels", "message"),
    [
        ([1, 2, 3], [0, 1], r"values must be one a label, got \(3,\) for \(2,\)"),
        ([1, np.nan], [0, 1], "values must be finite, found 1 that are not"),
        ([1, 2], [1, 1], "labels must be 0 and 1, both there, found 1"),
        ([1, 2], [0, 2], "labels must be 0 and 1, both there, found 0, 2"),
        ([], [], "labels must be 0 and 1, both there, found none"),
        (range(4), [3, 1, 0, 2], r"both there, found 0, 1, 2\."),
        ([np.nan, 1, np.inf], [0, 1, 1], "values must be finite, found 2 that are not"),
    ],
)
def test_one_feature_says_what_it_needs(values, labels, message):
    with pytest.raises(ValueError, match=message):
        audit.one_feature_auroc(values, labels)


def test_ring_keeps_the_border_and_nothing_else():
    squares = np.full((2, 8, 10), 9, np.uint8)
    ring = audit.hide_lungs(squares, 2)
    assert (squares == 9).all()
    assert ring.dtype == np.uint8
    assert (ring[:, 2:6, 2:8] == 0).all()
    assert (ring == 9).sum() == 2 * (8 * 10 - 4 * 6)


@pytest.mark.parametrize(
    ("shape", "ring_px"), [((8, 10), 1), ((8, 10), 3), ((7, 9), 3), ((9, 7), 3)]
)
def test_any_ring_that_leaves_something_will_do(shape, ring_px):
    ring = audit.hide_lungs(np.ones((1, *shape)), ring_px)
    assert (ring == 0).sum() == (shape[0] - 2 * ring_px) * (shape[1] - 2 * ring_px)


@pytest.mark.parametrize("ring_px", [0, 4, 9])
def test_a_ring_must_be_a_ring(ring_px):
    with pytest.raises(ValueError, match=f"ring_px must be 1 to 3 here, got {ring_px}"):
        audit.hide_lungs(np.zeros((1, 8, 10)), ring_px)


def test_ring_wants_many_images():
    with pytest.raises(ValueError, match=r"\(n, height, width\), got \(8, 8\)"):
        audit.hide_lungs(np.zeros((8, 8)), 1)


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(60), 3)
    labels = (groups % 2).astype(int)
    return rng.normal(size=(180, 4, 4)), labels, groups


def test_probe_finds_what_is_there(rows):
    features, labels, groups = rows
    features[:, 0, 0] += 3 * labels
    scores = audit.probe(features, labels, groups)
    assert ((scores >= 0) & (scores <= 1)).all()
    assert roc_auc_score(labels, scores) > 0.95
    assert np.array_equal(scores, audit.probe(features, labels, groups))


def test_the_seed_of_a_probe_is_0_unless_given(rows):
    features, labels, groups = rows
    found = audit.probe(features, labels, groups)
    assert np.array_equal(found, audit.probe(features, labels, groups, seed=0))
    assert not np.array_equal(found, audit.probe(features, labels, groups, seed=1))
    folds = shortcuts.make_folds(labels, groups)
    assert np.array_equal(folds, shortcuts.make_folds(labels, groups, seed=0))
    assert np.unique(folds).tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("counts", [(4, 40), (40, 4)])
def test_four_groups_of_either_class_are_too_few(counts):
    labels = np.repeat([0, 1], counts)
    with pytest.raises(ValueError, match="at least 5 groups, found 4"):
        shortcuts.make_folds(labels, np.arange(44))


def test_five_groups_of_a_class_are_enough():
    labels = np.array([0] * 5 + [1] * 40)
    folds = shortcuts.make_folds(labels, np.arange(45))
    assert sorted(folds[:5]) == [0, 1, 2, 3, 4]


def test_the_simple_model_is_a_strongly_held_regression(rows):
    features, labels, _ = rows
    features[:, 0, 0] += 2 * labels
    known = np.arange(180) < 130
    flat = features.reshape(180, 16)
    mean, sd = flat[known].mean(0), flat[known].std(0)
    by_hand = LogisticRegression(C=0.01, class_weight="balanced", tol=1e-8)
    by_hand.fit((flat[known] - mean) / sd, labels[known])
    expected = by_hand.predict_proba((flat[~known] - mean) / sd)[:, 1]
    found = shortcuts.fit_and_score(features, labels, known)
    assert found == pytest.approx(expected, abs=1e-4)


def test_probe_does_not_learn_a_child_by_heart(rows):
    """Each group has a mark of its own; only a leak could use it."""
    _, labels, groups = rows
    marks = np.eye(60)[groups]
    assert roc_auc_score(labels, audit.probe(marks, labels, groups)) < 0.6


def test_probe_finds_nothing_in_noise(rows):
    features, labels, groups = rows
    assert audit.one_feature_auroc(
        audit.probe(features, labels, groups), labels
    ).auroc == pytest.approx(0.5, abs=0.12)


def test_probe_says_what_it_needs(rows):
    features, labels, groups = rows
    with pytest.raises(
        ValueError, match=r"labels and groups .* of one length, got 180 and 179"
    ):
        audit.probe(features, labels, groups[1:])
    with pytest.raises(ValueError, match=r"known rows .* got 179, 180, 180"):
        shortcuts.fit_and_score(features[1:], labels, labels > 5)
    with pytest.raises(ValueError, match="labels must be 0 and 1"):
        audit.probe(features, labels * 0, groups)
    with pytest.raises(ValueError, match="at least 5 groups, found 2"):
        audit.probe(features, labels, labels + 2 * (groups > 30))
    with pytest.raises(ValueError, match="seed must be a whole number from 0 to 4294"):
        audit.probe(features, labels, groups, seed=2**32)

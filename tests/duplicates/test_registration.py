import numpy as np
import pytest
from PIL import Image, ImageOps

from tests.conftest import as_jpeg, blob_image
from xraylab import duplicates, phantom
from xraylab.duplicates import registration
from xraylab.images import read_pixels
from xraylab.phantom.image import render
from xraylab.phantom.truth import make_case

N_CHILDREN = 40


def draw(child, number=0):
    """One simulated image, 200 px wide, grey."""
    case = make_case(
        kind="NORMAL2" if child % 2 else "bacteria",
        block="train",
        child_seed=child,
        image_number=number,
        plants=phantom.CLEAN,
    )
    rendering = render(case.anatomy, case.shot, case.lesion, case.size)
    return Image.fromarray(rendering.image)


def find(squares):
    return registration.find_moved(squares, np.arange(len(squares)), progress=False)


def square(image, quality=90):
    return read_pixels(as_jpeg(np.asarray(image), quality), 48)


def crop(image, share):
    width, height = image.size
    left, top = round(width * share), round(height * share)
    return image.crop((left, top, width - left, height - top))


def turn(image, degrees):
    return image.rotate(degrees, Image.Resampling.BICUBIC)


@pytest.fixture(scope="module")
def images():
    return [draw(child) for child in range(N_CHILDREN)]


@pytest.fixture(scope="module")
def squares(images):
    return np.array([square(image) for image in images])


@pytest.mark.parametrize(
    ("change", "mirrored"),
    [
        (lambda p: crop(p, 0.05), False),
        (lambda p: turn(p, 2), False),
        (lambda p: turn(p, -3), False),
        (lambda p: crop(turn(p, -2), 0.05), False),
        (ImageOps.mirror, True),
        (lambda p: ImageOps.mirror(crop(turn(p, 3), 0.04)), True),
    ],
    ids=["crop", "turn", "turn back", "crop and turn", "mirror", "all"],
)
def test_changed_copies_are_found_and_nothing_else(images, squares, change, mirrored):
    copies = np.array([square(change(image), 80) for image in images])
    found = find(np.concatenate([squares, copies]))
    expected = {(i, i + N_CHILDREN) for i in range(N_CHILDREN)}
    pairs = set(zip(found["a"], found["b"], strict=True))
    assert not pairs - expected
    assert len(pairs) >= 0.95 * N_CHILDREN
    assert (found["mirrored"] == mirrored).all()


def test_all_copies_of_one_image_are_found_in_one_call(images, squares):
    changed = [crop(images[0], 0.03), crop(images[0], 0.05), turn(images[0], 3)]
    copies = [square(image) for image in [*changed, ImageOps.mirror(images[0])]]
    found = find(np.concatenate([squares, copies]))
    joined = set(found["a"]) | set(found["b"])
    assert joined == {0, *range(N_CHILDREN, N_CHILDREN + len(copies))}


def test_only_the_rows_asked_for_are_searched(images, squares):
    both = np.concatenate([squares, [square(crop(images[3], 0.04))]])
    rows = np.array([N_CHILDREN, 3, 5])
    found = registration.find_moved(both, rows, progress=False)
    assert found[["a", "b"]].to_numpy().tolist() == [[3, N_CHILDREN]]


def blobs(n):
    """Smooth random images, quicker to make than simulated ones."""
    return [Image.fromarray(blob_image(seed, 160)) for seed in range(n)]


def test_only_pairs_of_a_row_that_is_asked_are_found():
    images = blobs(6)
    copies = [square(crop(images[i], 0.03)) for i in (2, 4)]
    flat = np.full((48, 48), 7, np.uint8)
    both = np.array([*map(square, images), *copies, flat])
    asked = np.zeros(9, bool)
    asked[[6, 8]] = True  # the copy of 2, and a flat image, which is like nothing
    found = registration.find_moved(both, np.arange(9), asked=asked, progress=False)
    assert found[["a", "b"]].to_numpy().tolist() == [[2, 6]]
    assert find(both)[["a", "b"]].to_numpy().tolist() == [[2, 6], [4, 7]]


def test_whoever_had_a_copy_as_its_partner_is_asked_again(monkeypatch):
    """Of three, 1 is a copy of 0; 2 is one too, but 1 seems nearer to it."""

    def partners(low, spans, asked, progress):
        nearest = {0: 1, 1: 0, 2: 1} if spans[:, :, 1].any() else {0: -1, 2: 0}
        return [-1 if m else nearest[row] for m, row in np.argwhere(asked)]

    def differences(squares, a, b, mirrored, progress):
        return np.where(a == 0, 0.0, 1.0)

    monkeypatch.setattr(registration.candidates, "find_partners", partners)
    monkeypatch.setattr(registration, "_differences", differences)
    squares = np.array([*map(square, blobs(3))])
    assert find(squares)[["a", "b"]].to_numpy().tolist() == [[0, 1], [0, 2]]


def test_a_comparison_does_not_depend_on_the_others():
    images = blobs(6)
    mine = np.array([*map(square, images)])
    copies = [square(crop(image, 0.03)) for image in images[:4]]
    others = np.array([*copies, mine[5], mine[4]])
    together = duplicates.compare(mine, others)
    alone = [
        duplicates.compare(a[None], b[None])[0]
        for a, b in zip(mine, others, strict=True)
    ]
    assert together == pytest.approx(alone, abs=1e-6)
    assert (together[:4] <= registration.SAME_PLACES).all()
    assert (together[4:] > 0.1).all()


def test_weighed_images_have_mean_0_and_length_1_where_they_are_seen():
    rng = np.random.default_rng(0)
    shown = rng.normal(7, 3, (3, 12, 12)).astype(np.float32)
    weights = (rng.random((3, 12, 12)) < 0.6).astype(np.float32)
    found = registration._weigh(shown, weights)
    assert (found[weights == 0] == 0).all()
    assert found.sum((1, 2)) == pytest.approx(np.zeros(3), abs=1e-5)
    assert np.square(found).sum((1, 2)) == pytest.approx(np.ones(3), abs=1e-5)
    assert (registration._weigh(np.full((1, 12, 12), 5.0), weights[:1]) == 0).all()
    assert (registration._weigh(shown, 0 * weights) == 0).all()


def test_the_worst_place_is_that_of_a_changed_place_alone():
    rng = np.random.default_rng(0)
    a = rng.normal(size=(2, 48, 48)).astype(np.float32)
    b, inside = 3 * a + 20, np.ones_like(a)
    assert registration._worst_place(a, b, inside) == pytest.approx([0, 0], abs=1e-6)
    b[1, 16:24, 24:32] = 3 * rng.normal(size=(8, 8)) + 20  # 2 - 2 r: about 2
    assert registration._worst_place(a, b, inside)[0] == pytest.approx(0, abs=1e-6)
    assert registration._worst_place(a, b, inside)[1] == pytest.approx(2, abs=0.6)
    inside[1, 16:24, 24:30] = 0  # now most of it lies outside, and it says nothing
    assert registration._worst_place(a, b, inside)[1] < 0.1


def test_clean_images_are_all_different(squares):
    assert find(squares).empty


def test_two_exposures_of_a_child_are_no_copies():
    several = np.array([square(draw(child, n)) for child in range(12) for n in (0, 1)])
    assert find(several).empty


def test_an_image_registered_on_itself_differs_in_nothing(squares):
    different = duplicates.compare(squares, squares)
    assert different == pytest.approx(np.zeros(len(squares)), abs=1e-6)


def test_flat_images_are_like_nothing():
    flat = np.full((4, 48, 48), 7, np.uint8)
    assert find(flat).empty


@pytest.mark.parametrize("n", [0, 1])
def test_one_image_has_no_partner(squares, n):
    assert find(squares[:n]).empty


def test_squares_of_another_size_are_refused():
    with pytest.raises(ValueError, match=r"must be \(n, 48, 48\), got \(2, 32, 32\)"):
        find(np.zeros((2, 32, 32), np.uint8))

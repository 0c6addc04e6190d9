import numpy as np
import pytest
from PIL import Image, ImageOps

from tests.conftest import as_jpeg
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

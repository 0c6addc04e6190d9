import pytest
from threadpoolctl import threadpool_info

from xraylab import cores


def test_answers_come_in_the_order_of_the_questions():
    parts = list(range(50))
    assert list(cores.share_out(lambda part: part**2, parts)) == [p**2 for p in parts]


def test_products_of_matrices_use_one_thread_meanwhile_and_all_afterwards():
    def n_threads(_part=None):
        return [
            library["num_threads"]
            for library in threadpool_info()
            if library["user_api"] == "blas"
        ]

    before = n_threads()
    assert set(next(cores.share_out(n_threads, [None]))) <= {1}
    assert n_threads() == before


@pytest.mark.parametrize(("n", "n_blocks"), [(0, 0), (1, 1), (4, 1), (5, 2)])
def test_blocks_hold_each_row_once(n, n_blocks):
    blocks = cores.cut(n, 4)
    assert len(blocks) == n_blocks
    assert [row for block in blocks for row in range(n)[block]] == list(range(n))

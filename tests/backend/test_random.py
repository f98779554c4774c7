import subprocess
import sys

import numpy as np
import pytest

from audit.backend import active, random
from tests.reference import threefry as slow

KEYS = random.input_keys(3, ["a", "b", "c"])


def compiled(function, *arguments):
    return active().to_numpy(active().compile(function)(*arguments))


@pytest.mark.parametrize(
    ("key", "counter", "expected"),
    [
        ((0, 0), (0, 0), (0x6B200159, 0x99BA4EFE)),
        ((0xFFFFFFFF, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF), (0x1CB996FC, 0xBB002BE7)),
        ((0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3), (0xC4923A9C, 0x483DF7A0)),
    ],
)
def test_known_answers_of_the_reference_implementation(key, counter, expected):
    words = random.threefry(tuple(map(np.uint32, key)), tuple(map(np.uint32, counter)))
    assert tuple(int(active().to_numpy(word)) for word in words) == expected
    assert slow.threefry(key, counter) == expected


@pytest.mark.parametrize("shape", [(), (1,), (7,), (3, 4, 2)])
def test_numbers_are_those_of_the_slow_derivation(shape):
    count = int(np.prod(shape))
    uniform = compiled(lambda key: random.uniform(key, shape), KEYS)
    normal = compiled(lambda key: random.normal(key, shape), KEYS)
    assert uniform.shape == normal.shape == (3, *shape)
    assert uniform.dtype == normal.dtype == np.float32
    for row, key in enumerate(KEYS.tolist()):
        np.testing.assert_array_equal(uniform[row].ravel(), slow.uniform(tuple(key), count).astype(np.float32))
        np.testing.assert_allclose(normal[row].ravel(), slow.normal(tuple(key), count), atol=2e-6, rtol=0)


def words_by_numpy(keys: np.ndarray, count: int) -> np.ndarray:
    """The slow derivation for many keys at once: Threefry on arrays of uint32, whose sums wrap around."""
    pairs = (count + 1) // 2
    key = [keys[:, :1], keys[:, 1:]]
    words = slow.threefry_arrays(
        (key[0], key[1]), (np.arange(pairs, dtype=np.uint32)[None], np.zeros((1, pairs), np.uint32))
    )
    return np.concatenate(words, axis=-1)[:, :count]


def coinciding(count: int) -> set[int]:
    """Batch sizes at which two axes of the generator's arrays are of one length, and their neighbours."""
    lengths = {count, (count + 1) // 2, 2 * count}
    return {batch for length in lengths for batch in (length - 1, length, length + 1) if batch >= 1}


@pytest.mark.parametrize("count", [1, 2, 3, 64, 65, 130])
def test_the_words_of_an_input_do_not_depend_on_its_batch(count: int) -> None:
    for batch in sorted(coinciding(count)):
        keys = random.input_keys(5, [str(each) for each in range(batch)])
        expected = words_by_numpy(keys, count)
        np.testing.assert_array_equal(active().to_numpy(random.bits(keys, count)), expected, err_msg=f"eager, {batch}")
        np.testing.assert_array_equal(compiled(lambda key: random.bits(key, count), keys), expected, err_msg=f"{batch}")


@pytest.mark.exhaustive
@pytest.mark.parametrize("batch", range(1, 131))
def test_words_are_right_for_every_count_and_batch(batch: int) -> None:
    keys = random.input_keys(5, [str(each) for each in range(batch)])
    expected = words_by_numpy(keys, 260)
    compute = active().compile(lambda key: [random.bits(key, count) for count in range(1, 131)])
    for count, found in enumerate(compute(keys), start=1):
        half = (count + 1) // 2
        both = np.concatenate([expected[:, :half], expected[:, 130 : 130 + half]], axis=-1)[:, :count]
        np.testing.assert_array_equal(active().to_numpy(found), both, err_msg=f"compiled, {count}")


@pytest.mark.parametrize("number", [0, 1, 2**31 - 1])
def test_folded_keys_are_those_of_the_slow_derivation(number):
    folded = compiled(lambda key: random.fold(key, number), KEYS)
    assert folded.dtype == np.uint32
    assert [tuple(row) for row in folded.tolist()] == [slow.fold(tuple(key), number) for key in KEYS.tolist()]


def test_a_loop_inside_a_compiled_function_draws_what_single_calls_draw():
    from keras import ops

    def summed(key):
        def step(number, total):
            return total + random.normal(random.fold(key, number), (5,))

        return ops.fori_loop(0, 4, step, ops.zeros((3, 5), "float32"))

    single = [compiled(lambda key, n=n: random.normal(random.fold(key, n), (5,)), KEYS) for n in range(4)]
    np.testing.assert_allclose(compiled(summed, KEYS), sum(single), atol=1e-6)


def test_each_input_draws_the_same_in_any_batch():
    def draw(key):
        return random.normal(key, (4, 3))

    together = compiled(draw, KEYS)
    alone = np.concatenate([compiled(draw, KEYS[row : row + 1]) for row in range(3)])
    np.testing.assert_allclose(together, alone, atol=1e-6)
    np.testing.assert_allclose(compiled(draw, KEYS[::-1].copy()), together[::-1], atol=1e-6)


def test_moments_and_independence():
    keys = random.input_keys(0, map(str, range(50)))
    values = compiled(lambda key: random.normal(key, (4000,)), keys).astype(np.float64)
    count = values.size
    assert abs(values.mean()) < 5 / np.sqrt(count)
    assert abs(values.var() - 1) < 5 * np.sqrt(2 / count)
    assert abs((values**3).mean()) < 5 * np.sqrt(15 / count)
    assert abs((values**4).mean() - 3) < 5 * np.sqrt(96 / count)
    between = np.corrcoef(values)[np.triu_indices(50, 1)]
    assert np.abs(between).max() < 6 / np.sqrt(4000)
    halves = np.corrcoef(values[:, :2000].ravel(), values[:, 2000:].ravel())[0, 1]
    assert abs(halves) < 5 / np.sqrt(count / 2)
    uniform = compiled(lambda key: random.uniform(key, (4000,)), keys)
    assert 0 < uniform.min() and uniform.max() <= 1
    assert abs(uniform.mean() - 0.5) < 5 * np.sqrt(1 / 12 / count)


def test_keys_depend_on_the_seed_and_the_id_alone():
    keys = random.input_keys(0, ["x", "y"])
    assert keys.shape == (2, 2) and keys.dtype == np.uint32
    assert len({tuple(row) for row in np.concatenate([keys, random.input_keys(1, ["x", "y"])]).tolist()}) == 4
    np.testing.assert_array_equal(random.input_keys(0, ["y", "z", "x"])[[2, 0]], keys)
    assert random.input_keys(0, []).shape == (0, 2)


def test_keys_are_made_without_a_framework():
    code = (
        "import sys; from audit.backend.random import input_keys; input_keys(0, ['a'])\n"
        "sys.exit(any(name in sys.modules for name in ('keras', 'tensorflow', 'jax')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

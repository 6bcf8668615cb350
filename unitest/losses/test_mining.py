import numpy as np
from keras import ops

from comparators.losses.mining import next_farther_negative


def test_columns_are_those_of_plain_loops(random):
    matrix = np.round(random.uniform(size=(6, 9)), 1).astype("float32")  # with equal ones
    negative = random.uniform(size=(6, 9)) < 0.5
    negative[0] = [True] + [False] * 8
    columns = ops.convert_to_numpy(
        next_farther_negative(ops.convert_to_tensor(matrix), ops.convert_to_tensor(negative))
    )
    for row, kept, chosen in zip(matrix, negative, columns, strict=True):
        for distance, column in zip(row, chosen, strict=True):
            farther = row[kept & (row > distance)]
            assert kept[column]
            assert row[column] == (farther.min() if len(farther) else row[kept].max())


def test_rows_without_negatives_have_a_valid_column(random):
    columns = next_farther_negative(ops.ones((2, 3)), ops.zeros((2, 3), "bool"))
    assert set(np.unique(ops.convert_to_numpy(columns))) <= {0, 1, 2}

"""Trainings whose figures are kept as they end, so that a stopped run goes on."""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pandas as pd


def run_all(
    job: Callable[[tuple], list[dict]],
    arguments: list[tuple],
    key: Callable[[tuple], tuple],
    names: list[str],
    workers: int,
    store: Path | None,
) -> pd.DataFrame:
    """Runs each training in a process of its own; those that the store has are not run again.

    Args:
        job: from the arguments of a training to its rows of figures, `names` among them.
        arguments: of each training.
        key: from the arguments to the values of `names`.
        names: columns that tell a training from the others.
        workers: trainings at once.
        store: CSV file of all rows; None keeps nothing.

    Returns:
        The rows of these trainings, also where the store has others.
    """
    done = pd.read_csv(store) if store is not None and store.is_file() else pd.DataFrame(columns=names)
    finished = set(done[names].itertuples(index=False, name=None))
    rows = done.to_dict("records")
    with ProcessPoolExecutor(workers, max_tasks_per_child=1) as pool:
        for found in pool.map(job, [each for each in arguments if key(each) not in finished]):
            rows += found
            if store is not None:
                pd.DataFrame(rows).to_csv(store, index=False)
    wanted = {key(each) for each in arguments}
    return pd.DataFrame([row for row in rows if tuple(row[name] for name in names) in wanted])

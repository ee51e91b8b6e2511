"""Bars over epochs and runs, with the latest loss and accuracy; what a worker process tells, its parent shows."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
from tqdm import tqdm

from fnn import Progress
from fnn.training.history import Record

__all__ = ["News", "as_they_end", "in_brief", "listen", "telling", "with_a_bar"]

EVERY = 0.5  # seconds between two looks at the news
SHOWN = "validation_accuracy", "test_accuracy", "accuracy", "validation_loss"  # the first of these, beside the loss


class News:
    """The latest line that any worker told; threads write it, and a bar shows it."""

    line = ""


def in_brief(record: Record) -> str:
    """The loss of an epoch, and its accuracy or another measure; of an ensemble, the means.

    >>> in_brief({"epoch": 3, "loss": 0.25, "train_accuracy": 0.9, "validation_accuracy": np.array([0.5, 0.75])})
    'loss 0.25, validation accuracy 0.6250'
    """
    found = [name for name in SHOWN if name in record][:1]
    loss = [f"loss {np.mean(record['loss']):.4g}"] if "loss" in record else []
    return ", ".join(loss + [f"{name.replace('_', ' ')} {np.mean(record[name]):.4f}" for name in found])


def with_a_bar(progresses: Iterator[Progress], done: int, total: int) -> Iterator[Progress]:
    """The same progresses with a bar over the epochs; the first progress is where the training begins."""
    yield next(progresses)
    with tqdm(desc="epochs", initial=done, total=total, unit="epoch", leave=False) as bar:
        for progress in progresses:
            bar.set_postfix_str(in_brief(progress.history[-1]), refresh=False)
            bar.update()
            yield progress


def telling(progresses: Iterator[Progress], total: int, tell: Callable[[str], Any]) -> Iterator[Progress]:
    """The same progresses; a line on each goes to the parent of this process, unless it has ended."""
    for progress in progresses:
        if progress.history:
            with suppress(OSError):
                tell(f"epoch {len(progress.history)}/{total}, {in_brief(progress.history[-1])}")
        yield progress


def listen(worker: Connection, news: News) -> None:
    """Take what a worker tells as the news, until it ends."""
    with suppress(OSError, EOFError):
        while True:
            news.line = worker.recv()


def as_they_end(futures: Iterable[Future[Any]], news: News, done: int = 0) -> Iterator[Future[Any]]:
    """Futures as they end, with the latest news and a bar over all of them; `done` more were done before."""
    waiting = set(futures)
    with tqdm(desc="runs", initial=done, total=done + len(waiting), unit="run", leave=False) as bar:
        while waiting:
            ended, waiting = wait(waiting, timeout=None if bar.disable else EVERY, return_when=FIRST_COMPLETED)
            bar.set_postfix_str(news.line)
            for future in ended:
                bar.update()
                yield future

"""Margins: for each measure, the largest difference that does not matter. All claims use these and no others."""

from math import log

import attrs

__all__ = ["ACCURACY", "ANEW", "BEFORE", "COUNT", "ERROR", "PAPERS", "PSNR", "SPREAD", "Measure"]


@attrs.frozen
class Measure:
    """What is measured, how its differences are written, and which of them do not matter.

    name      in words
    margin    the largest difference that does not matter, 0 if any difference does
    form      the format of a difference
    unit      the unit of a difference
    reason    why this margin
    """

    name: str
    margin: float = 0.0
    form: str = "{:+.4f}"
    unit: str = ""
    reason: str = ""

    def words(self) -> str:
        """The margin in words.

        >>> ACCURACY.words(), ERROR.words()
        ('0.002', '5 %')
        """
        return f"{self.margin:g}{self.unit}"


ACCURACY = Measure(
    "accuracy",
    0.002,
    reason="half of 0.004, the smallest difference that the paper reports as one (from 64 to 128 neurons), and about "
    "what the choice of 10,000 test digits does to the accuracy of one network, √(p (1 - p) / 10,000) = 0.0017 for "
    "p = 0.97",
)
ERROR = Measure(
    "squared error",
    5.0,
    "{:+.1f}",
    " %",
    "5 % of a squared error are 0.2 dB, and move a pixel by 2.5 % of its distance from the true one; differences of "
    "pictures are usually said to be visible from 0.5 dB on",
)
PSNR = Measure("peak signal-to-noise ratio", 0.2, "{:+.2f}", " dB", "the margin of a squared error, 10 log₁₀ 1.05")
SPREAD = Measure(
    "logarithm of a ratio of spreads",
    log(2),
    "{:+.2f}",
    reason="half or twice the spread: fifteen runs find twice the spread in two of three cases, and less more rarely",
)
COUNT = Measure("count", 0.5, "{:+.1f}", reason="epochs and rates are counted: less than half of one is none")

# When a bar was set, and what was known then.
PAPERS = "the paper's own number"
BEFORE = "set before the results were known"
ANEW = "set on 27 November 2026, when the results of earlier trainings were known, but not those of these"

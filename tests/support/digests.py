"""The digest of every row of the table, as JSON: `python -m tests.support.digests`, for processes to be compared."""

import json

from tests.support.calls import ROWS
from tests.support.outcomes import digest

if __name__ == "__main__":
    print(json.dumps({name: digest(row) for name, row in ROWS.items()}))

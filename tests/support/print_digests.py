"""The digest of every row of the table, as JSON: `python -m tests.support.print_digests`, for processes to be compared."""

import json

from tests.support.contents import digest
from tests.support.sample_calls import ROWS

if __name__ == "__main__":
    print(json.dumps({name: digest(row) for name, row in ROWS.items()}))

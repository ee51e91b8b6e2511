"""`python -m tests.support.print_digests` prints the digest of every sample call as JSON, to compare processes."""

import json

from tests.support.contents import digest
from tests.support.sample_calls import ROWS

if __name__ == "__main__":
    print(json.dumps({name: digest(row) for name, row in ROWS.items()}))

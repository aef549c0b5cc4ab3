"""Prints rows of Parquet files, read by pyarrow, as JSON: each value as the text that PostgreSQL prints for it.

Floats are printed as Python does, with all digits. Usage: python3 parquet-text.py FILE...
"""

import datetime
import decimal
import json
import math
import sys

import pyarrow.parquet


def text(value):
    if value is None:
        return None
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, float):
        if math.isnan(value):
            return "NaN"
        return repr(value).replace("inf", "Infinity")
    if isinstance(value, decimal.Decimal):
        return format(value, "f")
    if isinstance(value, bytes):
        return "\\x" + value.hex()
    if isinstance(value, datetime.datetime):
        return moment(value)
    if isinstance(value, datetime.date):
        return value.isoformat()
    return str(value)


def moment(value):
    zone = "" if value.tzinfo is None else "+00"
    printed = value.replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")
    return printed.rstrip("0").rstrip(".") + zone if "." in printed else printed + zone


rows = []
for file in sys.argv[1:]:
    with open(file, "rb") as opened:
        table = pyarrow.parquet.read_table(opened)
    rows += [{name: text(value) for name, value in row.items()} for row in table.to_pylist()]
json.dump(rows, sys.stdout)

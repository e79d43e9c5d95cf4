"""Who of CDNOW's customers is in which segment on which day, counted with pandas from the file of purchases.

purchases.py FILE SUFFIX LAST: of the customers whose number ends in SUFFIX, on every third day up to LAST, counted from the
first of January 1997. Prints {day: ["segment customer", ...]}. Windows end at midnight, and an event exactly as old as a
window is out of it.
"""

import json
import sys

import pandas as pd

path, suffix, last = sys.argv[1], sys.argv[2], int(sys.argv[3])
orders = pd.read_csv(
    path, sep=r"\s+", skiprows=1, names=["customer", "date", "count", "dollars"], dtype={"customer": str, "date": str})
orders = orders[orders.customer.str.endswith(suffix)]
orders["at"] = pd.to_datetime(orders.date, format="%Y%m%d")
orders["cents"] = (orders.dollars * 100).round().astype(int)

days = {}
for number in range(0, last + 1, 3):
    today = pd.Timestamp("1997-01-01") + pd.Timedelta(days=number)
    past = orders[orders["at"] <= today]

    def within(length):
        return past[past["at"] > today - pd.Timedelta(days=length)]

    everybody = set(past.customer)
    in_two_months = within(60).groupby("customer").size()
    spent = within(90).groupby("customer").cents.sum()
    span = past.groupby("customer")["at"].agg(["min", "max"])
    segments = {
        "frequent": set(in_two_months[in_two_months >= 2].index),
        "big": set(spent[spent > 6000].index),
        "recent": set(within(30).customer),
        "lapsed": everybody - set(within(120).customer),
        "returned": set(span[span["min"] < span["max"]].index),
    }
    segments["saved"] = segments["returned"] & segments["recent"]
    days[number] = sorted(f"{name} {customer}" for name, members in segments.items() for customer in members)
json.dump(days, sys.stdout)

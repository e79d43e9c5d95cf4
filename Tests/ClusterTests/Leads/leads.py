"""Scores real leads by plain arithmetic: what workspace.swift's definitions must come to, and nothing of their code.

Prints a JSON list, one element a lead in the order of Lead Number: the columns that are known before contact, and the fit
and engagement in thousandths of a point, the band of their sum and the stage. The rules were fixed on the first 80 % by
Lead Number; the last 20 % are marked as held out.
"""

import csv
import gzip
import io
import json
import sys

ORIGIN = {"Lead Add Form": 28, "API": -3, "Landing Page Submission": -1}
SOURCE = {"Welingak Website": 15, "Olark Chat": -4, "Direct Traffic": -2, "Google": 2, "Organic Search": 1}
BANDS = [("A", 14), ("B", 4), ("C", -8)]


def fit(row):
    points = ORIGIN.get(row["Lead Origin"], 0) + SOURCE.get(row["Lead Source"], 0)
    return 1000 * (points - (12 if row["Do Not Email"] == "Yes" else 0))


def engagement(seconds, visits):
    stay = 0 if seconds == 0 else -13 if seconds < 400 else -6 if seconds < 600 else 9 if seconds < 800 else 13
    return 1000 * stay + 500 * min(visits, 8)


def main(path):
    with gzip.open(path) as file:
        rows = list(csv.DictReader(io.TextIOWrapper(file, encoding="utf-8-sig")))
    rows.sort(key=lambda row: int(row["Lead Number"]))
    leads = []
    for place, row in enumerate(rows):
        seconds, visits = int(row["Total Time Spent on Website"]), int(float(row["TotalVisits"] or 0))
        fits, engaged = fit(row), engagement(seconds, visits)
        total = fits + engaged
        leads.append({
            "id": row["Prospect ID"], "origin": row["Lead Origin"], "source": row["Lead Source"],
            "no_mail": row["Do Not Email"] == "Yes", "seconds": seconds, "visits": visits,
            "converted": row["Converted"] == "1", "held_out": place >= len(rows) * 8 // 10,
            "fit": fits, "engagement": engaged,
            "band": next((name for name, begin in BANDS if total >= 1000 * begin), "D"),
            "stage": "do" if total >= 14000 else "think" if engaged > 0 else "see",
        })
    json.dump(leads, sys.stdout)


main(sys.argv[1])

"""Plans by plain arithmetic what four journeys mail to the customers of a real shop, and uses nothing of their code.

Reads the invoice lines of UCI Online Retail and prints JSON: `orders`, each with customer, number, kind, instant and pence,
and `planned`, each with customer, template and instant. The journeys are those of RetailFile.swift; what is said of ties:
what is due at an instant comes before what happens at it, and a run sees what happens behind its entry.

Usage: retail.py online_retail.csv.gz 2012-03-01T00:00:00Z
"""

import csv
import gzip
import io
import json
import sys
from collections import defaultdict
from datetime import datetime, timedelta, timezone
from decimal import Decimal

DAY = timedelta(days=1)
NEVER = datetime(9999, 1, 1, tzinfo=timezone.utc)


def summer(year):
    """When the clocks of London change: the last Sundays of March and October, at one o'clock in UTC."""
    def last_sunday(month):
        day = datetime(year, month, 31, 1, tzinfo=timezone.utc)
        return day - (day.weekday() + 1) % 7 * DAY
    return last_sunday(3), last_sunday(10)


def offset(instant):
    begin, end = summer(instant.year)
    return timedelta(hours=1 if begin <= instant < end else 0)


def instant(wall):
    """The instant of a time on London's clocks; none here falls into the hour of a change."""
    winter = wall.replace(tzinfo=timezone.utc)
    return winter - offset(winter - timedelta(hours=1))


def first_at(time, hour, minute=0, workdays=False):
    """The first such time of day that is not before an instant."""
    local = (time + offset(time)).replace(tzinfo=None)
    day = local.replace(hour=hour, minute=minute, second=0, microsecond=0) - DAY
    while instant(day) < time or workdays and day.weekday() > 4:
        day += DAY
    return instant(day)


def read(path):
    """Per customer the orders and cancellations, in order of instant and number."""
    invoices = {}
    with gzip.open(path) as file:
        for row in csv.DictReader(io.TextIOWrapper(file, encoding="utf-8")):
            number, customer, price = row["InvoiceNo"], row["CustomerID"], Decimal(row["UnitPrice"])
            is_cancelled = number.startswith("C")
            if not customer or not is_cancelled and price <= 0:
                continue
            time = datetime.strptime(row["InvoiceDate"], "%Y-%m-%d %H:%M:%S")
            key = (customer, number)
            known = invoices.get(key, (time, Decimal(0)))
            invoices[key] = (min(known[0], time), known[1] + price * int(row["Quantity"]))
    customers = defaultdict(list)
    for (customer, number), (wall, total) in invoices.items():
        customers[customer].append((instant(wall), number, round(total * 100)))
    for events in customers.values():
        events.sort()
    return customers


def plan(customer, events):
    orders = [event for event in events if not event[1].startswith("C")]
    cancelled = [event for event in events if event[1].startswith("C")]
    subscribed = int(customer) % 2 == 0
    planned = []

    def next_order(position):
        return next((time for time, number, _ in orders if (time, number) > position), NEVER)

    def mail(template, time, is_offer=True):
        if subscribed or not is_offer:
            planned.append((template, time))

    # first-order
    if orders:
        begin = orders[0][0]
        again = next_order(orders[0][:2])
        mail("first-thanks", begin, is_offer=False)
        tips = first_at(begin + 2 * DAY, 9)
        if again >= tips:
            mail("first-tips", tips)
        if again >= tips + 5 * DAY:
            mail("first-offer", tips + 5 * DAY)

    # second-order
    if len(orders) > 1:
        begin = orders[1][0]
        sorry = next(((time, number) for time, number, _ in cancelled if (time, number) > orders[1][:2]), (NEVER, ""))
        mail("second-thanks", begin, is_offer=False)
        until = begin + 21 * DAY
        large = next(
            ((time, number) for time, number, pence in orders if begin < time < until and pence > 10_000), None)
        if large:
            if large < sorry:
                mail("second-regular", large[0])
        else:
            review = first_at(until, 10, workdays=True)
            if sorry[0] >= review:
                mail("second-review", review)

    # thirty-days-silence
    for place, (time, number, _) in enumerate(orders):
        silent = time + 30 * DAY
        again = next_order((time, number))
        if again < silent:
            continue
        hello = first_at(silent, 18, 30)
        if again >= hello:
            mail("silence-hello", hello)
        if again >= hello + 10 * DAY:
            mail("silence-last", hello + 10 * DAY)

    # cancelled-order
    for time, _, _ in cancelled:
        due = time + timedelta(hours=1)
        recent = sum(due - 90 * DAY < other < due for other, _, _ in cancelled)
        mail("cancelled-call" if recent > 2 else "cancelled-sorry", due, is_offer=False)
    return planned


def text(time):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def main(path, end):
    orders, planned = [], []
    for customer, events in sorted(read(path).items()):
        for time, number, pence in events:
            kind = "Order Cancelled" if number.startswith("C") else "Order Completed"
            orders.append([customer, number, kind, text(time), pence])
        planned += [[customer, template, text(time)] for template, time in plan(customer, events) if text(time) <= end]
    json.dump({"orders": orders, "planned": planned}, sys.stdout)


main(sys.argv[1], sys.argv[2])

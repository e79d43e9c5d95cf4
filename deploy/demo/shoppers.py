"""Two hundred shoppers and what each of them does in a fortnight: the same every time."""
import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

ZONE = timezone(timedelta(hours=1))  # Amsterdam in winter; no clock changes in this fortnight
START = datetime(2026, 3, 2, tzinfo=ZONE)
DAYS = 14
WORDING = {
    "offers": "Yes, send me offers by e-mail, at most weekly",
    "onboarding": "Help me get started with the planner by e-mail",
    "tracking": "You may see which of your mails I open and which links I follow",
}
FIRST = ("Anne Bram Carla Daan Eva Femke Gijs Hanna Ivo Jasmijn Kees Lotte Milan Noor Oscar Pien Quinten Roos Sem "
         "Tess Umar Vera Wout Xandra Yara Zoë José Åsa Łukasz Søren").split()
LAST = "de Vries|Jansen|Bakker|Visser|Smit|Meijer|Mulder|Bos|Vos|Peters|Hendriks|van Dijk|Dekker|Kok".split("|")
PAGES = ["/", "/rope", "/lamps", "/canvas", "/brass", "/knives", "/jerseys", "/planner", "/story"]


@dataclass
class Shopper:
    number: int
    first_name: str
    last_name: str
    email: str
    visits: dict = field(default_factory=dict)  # hour of the fortnight -> list of calls
    follows_links: bool = False
    unsubscribes: set = field(default_factory=set)  # topics, by the link in the first mail of that topic

    @property
    def user_id(self):
        return f"shopper-{self.number:03}"

    @property
    def anonymous_id(self):
        return f"browser-{self.number:03}"


def hour_of(day, hour):
    return day * 24 + hour


def instant(hour):
    return START + timedelta(hours=hour)


def population(seed=1908, size=200):
    dice = random.Random(seed)
    return [Life(dice, number).shopper for number in range(1, size + 1)]


class Life:
    """One shopper's fortnight. Each visit is one hour; facts that matter to one another are in different visits."""

    def __init__(self, dice, number):
        self.dice = dice
        first = FIRST[(number - 1) % len(FIRST)]
        last = LAST[(number - 1) // len(FIRST)] if number > 1 else "Bakker"
        email = "anne@shop.example" if number == 1 else f"shopper.{number:03}@mail.example"
        self.shopper = Shopper(number, first, last, email)
        self.known = False
        self.kind = "buyer" if number == 1 else dice.choices(
            ["browser", "buyer", "regular", "trial", "trial and buyer"], [60, 75, 30, 25, 10])[0]
        self.live()

    def live(self):
        dice = self.dice
        day = dice.choice([0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 8])
        self.visit(day, [])
        if self.kind == "browser" and dice.random() < 0.4:
            for _ in range(dice.randint(0, 4)):
                day = self.later(day, 1, 3)
                self.visit(day, [])
            return
        self.visit(self.later(day, 0, 1), self.registration())
        day = max(hour // 24 for hour in self.shopper.visits)
        if "trial" in self.kind:
            day = self.trial(day)
        if "buyer" in self.kind or self.kind == "regular":
            self.orders(day)
        if self.kind == "browser":
            for _ in range(dice.randint(1, 5)):
                day = self.later(day, 1, 3)
                self.visit(day, [])
        self.shopper.follows_links = dice.random() < 0.4
        if dice.random() < 0.08:
            self.shopper.unsubscribes.add("offers")
        if "trial" in self.kind and dice.random() < 0.12:
            self.shopper.unsubscribes.add("onboarding")

    def later(self, day, least, most):
        return day + self.dice.randint(least, most)

    def registration(self):
        dice = self.dice
        self.known = True
        shopper = self.shopper
        calls = [("identify", {
            "email": shopper.email, "first_name": shopper.first_name, "last_name": shopper.last_name})]
        chances = {"offers": 0.8, "tracking": 0.5, "onboarding": 0.9 if "trial" in self.kind else 0.0}
        for topic, chance in chances.items():
            if shopper.number == 1 and topic != "onboarding" or dice.random() < chance:
                calls.append(("Consent Given", {"topic": topic, "wording": WORDING[topic]}))
        return calls

    def trial(self, day):
        dice = self.dice
        self.visit(day + 1, [("Trial Started", {"plan": "planner"})])
        if dice.random() < 0.6:
            self.visit(day + dice.randint(1, 3), [("Plan Created", {"kind": dice.choice(["boat", "shed"])})])
        if dice.random() < 0.5:
            self.visit(day + dice.randint(3, 9), [("Subscription Started", {"plan": "planner", "price": 4})])
        return day + 1

    def orders(self, day):
        dice = self.dice
        day = self.later(day, 0, 2)
        self.visit(day, [self.order(1)])
        if self.kind != "regular":
            if dice.random() < 0.05:
                self.visit(day + dice.randint(1, 6), [("Consent Withdrawn", {"topic": "offers"})])
            return
        day = self.later(day, 1, 6)
        self.visit(day, [self.order(2)])
        if dice.random() < 0.45:
            self.visit(day + dice.randint(1, 4), [("Review Submitted", {"stars": dice.randint(3, 5)})])
        if dice.random() < 0.25:
            self.visit(self.later(day, 1, 4), [self.order(3)])

    def order(self, number):
        revenue = round(self.dice.uniform(12, 180), 2)
        return ("Order Completed", {
            "order_id": f"{self.shopper.number:03}-{number}", "revenue": revenue, "currency": "EUR"})

    def visit(self, day, calls):
        """Some pages, then what the visit is about; in an hour that this shopper has not used yet, after all others."""
        dice = self.dice
        hour = hour_of(day, dice.randint(8, 21))
        hour = max([hour] + [used + 1 for used in self.shopper.visits])
        if hour % 24 > 22:
            hour += 10
        if hour >= DAYS * 24:
            return
        pages = [("page", {"path": dice.choice(PAGES)}) for _ in range(dice.randint(1, 5))]
        if any(name == "Order Completed" for name, _ in calls) or dice.random() < 0.1:
            pages.append(("Product Added", {"product": dice.choice(PAGES[1:7])}))
        self.shopper.visits[hour] = [self.call(name, body) for name, body in pages + calls]

    def call(self, name, body):
        return {"name": name, "body": body, "known": self.known}

"""What must happen to a shopper, worked out from the shop's promises alone: it reads neither Loods' tables nor the
journey files, and shares no code with the engine. A journey here is a generator that yields what it does next.

The order within one instant of the stepped clock is: first what has come due, then what the shoppers do."""
from dataclasses import dataclass
from datetime import timedelta

DAY = timedelta(days=1)
TOPIC = {
    "welcome-order": None, "welcome-story": "offers", "welcome-guide": "offers", "welcome-code": "offers",
    "returning-thanks": "offers", "returning-review": "offers", "returning-reviewed": "offers",
    "trial-start": "onboarding", "trial-next": "onboarding", "trial-help": "onboarding", "trial-story": "onboarding",
    "trial-end": "onboarding",
}


@dataclass(frozen=True)
class Mail:
    template: str


@dataclass(frozen=True)
class Until:
    time: object


@dataclass(frozen=True)
class EventOr:
    event: str
    time: object


def nine_o_clock(now):
    today = now.replace(hour=9, minute=0)
    return today if today >= now else today + DAY


def welcome(run, now):
    yield Mail("welcome-order")
    now = yield Until(now + DAY)
    yield Mail("welcome-story")
    now = yield Until(now + 2 * DAY)
    now = yield Until(nine_o_clock(now))
    yield Mail("welcome-guide")
    now = yield Until(now + 4 * DAY)
    yield Mail("welcome-code")


def returning(run, now):
    yield Mail("returning-thanks")
    came = yield EventOr("Review Submitted", now + 3 * DAY)
    yield Mail("returning-reviewed" if came is True else "returning-review")


def trial(run, now):
    yield Mail("trial-start")
    now = yield Until(now + 2 * DAY)
    yield Mail("trial-next" if "Plan Created" in run.seen else "trial-help")
    now = yield Until(now + 3 * DAY)
    yield Mail("trial-story")
    now = yield Until(now + 4 * DAY)
    yield Mail("trial-end")


STORY = {"welcome": welcome, "returning": returning, "trial": trial}
GOAL = {"welcome": ("Order Completed", 10 * DAY), "trial": ("Subscription Started", 10 * DAY)}
EXIT_WITHOUT = {"returning": "offers"}


class Run:
    def __init__(self, person, journey, now):
        self.person, self.journey, self.entered = person, journey, now
        self.outcome, self.due, self.awaits, self.told = None, None, None, False
        self.seen = set()
        self.goal, self.lapses = GOAL.get(journey, (None, None))
        if self.lapses:
            self.lapses = now + self.lapses
        person.runs.append(self)
        if EXIT_WITHOUT.get(journey, "offers") not in person.consents and journey in EXIT_WITHOUT:
            self.end("exited")
            return
        self.steps = STORY[journey](self, now)
        self.go_on(now, None)

    def go_on(self, now, answer):
        self.due = self.awaits = None
        try:
            step = self.steps.send(answer)
            while isinstance(step, Mail):
                self.person.mail(step.template, now)
                step = self.steps.send(None)
        except StopIteration:
            self.told = True
            self.close(now)
            return
        if isinstance(step, Until) and step.time <= now:
            self.go_on(now, now)
            return
        self.due, self.awaits = step.time, getattr(step, "event", None)

    def close(self, now):
        """A conversion still counts after the last step, until its time is over."""
        if self.lapses is None or now >= self.lapses:
            self.end("finished")
        else:
            self.due = self.lapses

    def wake(self):
        if self.told:
            self.close(self.due)
        else:
            self.go_on(self.due, None if self.awaits else self.due)

    def meets(self, event, now):
        self.seen.add(event)
        if event == self.goal and now < self.lapses:
            self.end("converted")
        elif event == self.awaits:
            self.go_on(now, True)

    def end(self, outcome):
        self.outcome, self.due, self.awaits = outcome, None, None


class Person:
    """What Loods must know and do about one shopper."""

    def __init__(self, shopper):
        self.shopper = shopper
        self.orders, self.consents, self.runs, self.known = 0, set(), [], False
        self.mails = []  # (template, time)
        self.unsent = []  # (template, time, why)
        self.withdrawn = set()

    def mail(self, template, now):
        topic = TOPIC[template]
        if topic is None or topic in self.consents:
            self.mails.append((template, now))
        else:
            self.unsent.append((template, now, "withdrawn" if topic in self.withdrawn else "never given"))

    def due(self, now):
        """Everything that has come due up to and including now, in order."""
        while waiting := [run for run in self.runs if run.due and run.due <= now]:
            min(waiting, key=lambda run: run.due).wake()

    def withdraw(self, topic, now):
        self.consents.discard(topic)
        self.withdrawn.add(topic)
        for run in self.runs:
            if run.outcome is None and EXIT_WITHOUT.get(run.journey) == topic:
                run.end("exited")

    def happens(self, event, body, now):
        if event == "Consent Given":
            self.consents.add(body["topic"])
            self.withdrawn.discard(body["topic"])
        elif event == "Consent Withdrawn":
            self.withdraw(body["topic"], now)
        elif event == "Order Completed":
            self.orders += 1
        for run in self.runs:
            if run.outcome is None:
                run.meets(event, now)
        if event == "Order Completed" and self.orders == 1:
            Run(self, "welcome", now)
        elif event == "Order Completed" and self.orders == 2:
            Run(self, "returning", now)
        elif event == "Trial Started" and not any(run.journey == "trial" for run in self.runs):
            Run(self, "trial", now)

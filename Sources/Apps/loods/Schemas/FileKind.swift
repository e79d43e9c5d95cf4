import ArgumentParser
import Model

/// A kind of file in a workspace, with the form that editors may hold it to.
enum FileKind: String, CaseIterable, ExpressibleByArgument {
    case workspace, stages, scores, personas, segment, journey, stream, email, postcard, pages, forms

    /// Where such files lie.
    var pattern: String {
        switch self {
        case .workspace, .stages, .scores, .personas, .pages, .forms: "\(rawValue).yaml"
        case .segment: "segments/*.yaml"
        case .journey: "journeys/*.yaml"
        case .stream: "streams/*.yaml"
        case .email: "emails/*/email.yaml"
        case .postcard: "postcards/*/postcard.yaml"
        }
    }

    var schema: JSON {
        var schema = shape.json.object ?? [:]
        schema["$schema"] = .string("https://json-schema.org/draft/2020-12/schema")
        schema["title"] = .string("Loods \(rawValue)")
        if self == .journey { schema["$defs"] = .object(["steps": Self.steps.json]) }
        return .object(schema)
    }

    private var shape: Shape {
        switch self {
        case .workspace:
            .object(
                [
                    "workspace*": .name, "time_zone*": .text("Such as Europe/Amsterdam."),
                    "locale": .language, "sender*": Self.sender,
                    "reply_to": .text(), "address*": .text("The postal address that mails carry."),
                    "sending_domains": .list(
                        .object([
                            "domain*": .text("Such as shop.example."), "dkim": .any([.text(), .list(.text())]),
                            "tracking_host": .text(), "bounce_host": .text(),
                        ])),
                    "topics": .list(Self.topic),
                    "webhooks": .list(.object(["webhook*": .name, "url*": .text("An https URL.")])),
                    "post": .object(["webhook": .name, "folder": .flag]),
                    "notify": .list(.object(["notify*": .name, "email": .text(), "webhook": .name])),
                    "holidays": .list(
                        .pattern("^([0-9]{4}-)?[0-9]{2}-[0-9]{2}$", about: "2026-04-06, or 12-25 for every year.")),
                    "quiet_hours": .any([Self.quietHours, .list(Self.quietHours)]),
                    "frequency_caps": .list(
                        .object(["at_most*": .whole(from: 1), "within*": .span, "topics": .any([.name, .list(.name)])])),
                    "preflight": .oneOf(["none", "warnings", "errors"]), "seeds": .list(.text()),
                    "hold_out": .object([
                        "share*": Self.share, "topics": .any([.name, .list(.name)]), "group": .name,
                    ]),
                    "hygiene": .object([
                        "sunset": .object([
                            "after*": .span, "mails": .whole(from: 1),
                            "signs": .any([.text("An event's name."), .list(.text("An event's name."))]),
                        ]),
                        "pause_at": .object(["bounces": Self.share, "complaints": Self.share]),
                    ]),
                    "sites": .map(.any([.text(), .list(.text("A recipient domain."))])),
                    "pace": .list(Self.paceRule),
                    "lifetimes": .object(["transactional": .span, "marketing": .span]),
                    "untracked": .oneOf(["in-sum", "not-at-all"]),
                    "on_unknown": .object([
                        "transactional": .oneOf(["resend", "hold"]), "marketing": .oneOf(["resend", "hold"]),
                    ]),
                ], closed: false)
        case .stages:
            .object([
                "regress": .oneOf(["never", "follow"]),
                "stages": .list(.object(["stage*": .name, "when": .condition])),
            ])
        case .scores: .object(["scores": .list(Self.score)])
        case .personas:
            .object(["personas": .list(.object(["persona*": .name, "when*": .condition])), "default*": .name])
        case .segment:
            .object(["segment*": .name, "stage": .name, "when*": .condition, "description": .text()])
        case .journey: Self.journeyShape
        case .stream: .object(["stream*": .name, "emails*": .list(.name), "description": .text()])
        case .email:
            .object(
                [
                    "subject*": .any([.text(), .map(.text())]), "topic": .name, "class": .oneOf(["transactional"]),
                    "sender": Self.sender,
                    "preheader": .any([.text(), .map(.text())]),
                    "layout": .name,
                    "blocks": .list(
                        .object([
                            "block*": .name, "variants*": .list(.object(["variant*": .name, "when*": .condition])),
                            "default*": .name,
                        ])),
                    "live": .list(
                        .object([
                            "live*": .name, "alt*": .any([.text(), .map(.text())]), "width": .whole(from: 1),
                            "height": .whole(from: 1), "source": .text("An https URL that answers JSON."),
                            "rules": .list(
                                .object(["when*": .condition, "image*": .text("An https URL."), "link": .text()])),
                            "fallback*": .object(["image*": .text("An https URL."), "link": .text()]),
                        ])),
                    "variants": .list(
                        .object([
                            "persona": .name, "stage": .name, "subject": .any([.text(), .map(.text())]),
                            "preheader": .any([.text(), .map(.text())]),
                        ])),
                    "attachments": .list(.text("A file of the e-mail's folder.")),
                    "lifetime": .span, "on_request": .flag, "on_quiet": Self.consequence, "on_cap": Self.consequence,
                    "review_by": .pattern("^[0-9]{4}-[0-9]{2}-[0-9]{2}$", about: "When to look at it again."),
                ], closed: false)
        case .postcard:
            .object([
                "topic": .name, "class": .oneOf(["transactional"]),
                "address": .object(
                    [
                        "name": .text("The attribute of that part; by default the one of its name."),
                        "company": .text(),
                        "street": .text(), "extra": .text(), "postal_code": .text(), "city": .text(), "region": .text(),
                        "country": .text(),
                    ]),
            ])
        case .pages:
            .object([
                "pages": .list(.object(["url*": .text(), "stage": .name, "content": .name])),
                "content": .list(
                    .object(["content*": .name, "url": .text(), "file": .name, "expires": .span])),
            ])
        case .forms:
            .object([
                "forms": .list(Self.form),
                "ratings": .list(
                    .object([
                        "rating*": .name, "question*": .text(), "from": .whole(from: -100), "to": .whole(from: -100),
                    ])),
            ])
        }
    }

    private static let words = Shape.any([.text(), .map(.text())])
    private static let topic = Shape.object([
        "topic*": .name, "wording*": words, "version": .whole(from: 1), "title": words,
        "earlier": .list(.object(["version*": .whole(from: 1), "wording*": words])),
        "double_opt_in": .any([.flag, .object(["within": .span, "email": .name])]),
        "basis": .oneOf(["consent", "soft_opt_in", "legitimate_interest"]),
        "sale": .object([
            "event*": .text("Such as Order Completed."), "within*": .span,
            "similar_products*": .text("What is sold that these mails are about."),
            "opt_out*": .text("Where whoever bought could say no."),
        ]),
        "balancing_test": .object([
            "document*": .text("By which it is found again."),
            "date*": .pattern("^[0-9]{4}-[0-9]{2}-[0-9]{2}$", about: "When the interests were weighed."),
        ]),
    ])
    private static let sender = Shape.object(["name*": .text(), "address*": .text()])

    private static let paceRule = Shape.object([
        "domain": .text("The domain that mails come from; without it all together."),
        "site": .text("A recipient domain, a name of \"sites\", or each."),
        "class": .oneOf(["marketing", "transactional"]), "per_second": .whole(from: 1), "per_minute": .whole(from: 1),
        "per_hour": .whole(from: 1), "per_day": .whole(from: 1), "sessions": .whole(from: 1),
        "warm_up": .any([.whole(from: 1), .object(["from": .whole(from: 1), "to": .whole(from: 1)])]),
    ])
    private static let share = Shape.pattern("^[0-9]{1,2}(\\.[0-9]{1,2})?%$", about: "Of the contacts, such as 5%.")
    private static let consequence = Shape.oneOf(["hold", "skip", "exit"])
    private static let patience = Shape.oneOf(["park", "continue"])
    private static let days = Shape.any([.text("workdays, or days such as mon, tue."), .list(.text())])
    private static let quietHours = Shape.object(["from*": .text("Such as 21:00."), "until*": .text(), "days": days])

    private static let score = Shape.object([
        "score*": .name, "half_life": .span, "expires": .span,
        "points": .list(
            .object([
                "event*": .text(), "points*": .number, "when": .condition,
                "cap": .object(["per_day": .whole(from: 1), "total": .whole(from: 1)]), "expires": .span,
            ])),
        "fit": .list(.object(["when*": .condition, "points*": .number])),
        "bands": .list(.object(["band*": .name, "from": .number])),
    ])

    private static let form = Shape.object([
        "form*": .name,
        "fields*": .list(
            .object(
                ["field*": .name, "type": .text(), "required": .flag, "most": .whole(from: 1), "trait": .name])),
        "honeypot": .name, "success": .text(), "error": .text(), "message": .text(), "content": .name,
        "consent": .object([
            "topic*": .any([.name, .list(.name)]), "address*": .name, "ticked": .name,
        ]),
    ])

    // Journeys grow: what else stands there is for validate to judge.
    private static let journeyShape = Shape.object(
        [
            "journey*": .name, "stage": .name,
            "enter*": .object(
                [
                    "event": .text(), "when": .condition, "key": .text("What there is one run for, in CEL."),
                    "stage": .name, "segment": .name, "left": .name, "backfill": .flag,
                    "date": .text("An attribute, such as contact.trial_ends."), "offset": .text("Such as -7d, or 12h."),
                    "at": .clock, "yearly": .flag, "api": .flag, "called": .flag,
                    "again": .any([
                        .oneOf([
                            "never", "per-key", "per-entry", "per-date", "per-call", "per-request",
                            "per-occurrence",
                            "after-exit",
                        ]),
                        .object(["every*": .span]),
                    ]),
                    "schedule": schedule, "local": .flag,
                    "throttle": .object([
                        "per_minute": .whole(from: 1), "per_hour": .whole(from: 1), "per_day": .whole(from: 1),
                    ]),
                    "late": .object(["after": .span, "then": .oneOf(["skip", "send"])]),
                    "cap": .any([entryCap, .list(entryCap)]),
                ], closed: false),
            "goal": .object(["when*": .condition, "within": .span, "value": .condition], closed: false),
            "exit": .object(["when*": .condition], closed: false), "steps*": .named("steps"),
            "priority": .whole(from: 0), "on_quiet": consequence, "on_cap": consequence, "on_held": patience,
        ], closed: false)

    private static let entryCap = Shape.object(["at_most*": .whole(from: 1), "within": .span])

    private static let schedule = Shape.any([
        .pattern(
            "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}$", about: "When a broadcast goes out: 2026-03-02T09:00."),
        .object([
            "every*": .oneOf(["day", "week", "month"]),
            "on": .any([.text("monday, workdays, last."), .whole(from: 1), .list(.text())]),
            "at*": .clock,
        ]),
    ])

    private static let steps = Shape.list(
        .any([
            .oneOf(["end"]),
            .object(
                [
                    "email": .name, "step": .name, "once": .flag,
                    "stream": .name, "exhausted": .named("steps"),
                    "test": .name, "share": share, "variants": .list(.name),
                    "by": .text("What decides: opens, clicks, or the name of an event."), "after": .span,
                    "on_quiet": consequence, "on_cap": consequence, "on_held": patience,
                    "late": .object(["after*": .span, "then": .oneOf(["skip", "end"])]),
                    "webhook": .name, "data": .map(.anything), "notify": .name,
                    "text": .text("What the team is told, its first line being the subject; or what the site shows."),
                    "postcard": .name, "site_message": .name,
                    "link": .object(["text*": .text(), "url*": .text("https, or a path.")]),
                    "topic": .name, "class": .oneOf(["transactional"]), "until": .span,
                    "wait": .any([
                        .span,
                        .object(
                            [
                                "until*": .text("A time of day, or a date such as contact.trial_ends."),
                                "days": .any([.text(), .list(.text())]), "offset": .text("Such as -7d, or 12h."),
                                "at": .clock, "yearly": .flag, "spread": .span,
                            ], closed: false),
                    ]),
                    "set": .map(.value), "stage": .name, "start": .name,
                    "score": .object(["model*": .name, "points*": .number, "expires": .span]),
                    "wait_for": .object(
                        [
                            "event": .text(), "when": .condition,
                            "any": .list(
                                .object(["event": .text(), "when": .condition, "then": .named("steps")])),
                            "at_most": .span,
                        ],
                        closed: false),
                    "if": .condition, "then": .named("steps"), "else": .named("steps"),
                    "elif": .list(.object(["if*": .condition, "then*": .named("steps")])),
                    "switch": .text("What decides, in CEL."), "cases": .map(.named("steps")),
                    "split": .object(["share*": .map(.whole(from: 1))], closed: false),
                    "repeat": .object(["times*": .whole(from: 2), "until": .condition], closed: false),
                    "steps": .named("steps"),
                ], closed: false),
        ]))
}

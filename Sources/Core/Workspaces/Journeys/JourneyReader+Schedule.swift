import JourneyProgram
import Model

/// Entries by schedule: broadcasts.
extension JourneyReader {
    static let scheduleKeys = ["schedule", "local", "throttle", "late"]

    /// `{schedule: 2026-03-02T09:00, segment: readers}`, or `{schedule: {every: week, on: monday, at: "09:00"}, …}`.
    func entry(onSchedule node: YAMLNode, _ fields: Fields) -> Journey.Entry? {
        refuse(["event", "stage", "left", "date", "api", "called"], in: fields, of: "an entry by schedule")
        refuse(["when", "key", "backfill", "offset", "at", "yearly"], in: fields, of: "an entry by schedule")
        let isLocal = fields["local"].map { inspection.flag($0, "\"local\"") } ?? false
        let throttle = fields["throttle"].map(self.throttle)
        let late = fields["late"].map(self.late) ?? Broadcast.Late()
        let schedule = self.schedule(node, isLocal: isLocal ?? false)
        let segment = fields.required("segment", help: "to whom it goes").flatMap { self.segment($0) }
        let again = self.again(fields, perOccurrence: "per-occurrence", otherwise: .perOccurrence)
        guard let schedule, let segment, let late, isLocal != nil, let again else { return nil }
        if let throttle, throttle == nil { return nil }
        return Journey.Entry(
            .broadcast(Broadcast(schedule, to: segment, throttle: throttle ?? nil, late: late)), again: again)
    }

    // MARK: When

    private func schedule(_ node: YAMLNode, isLocal: Bool) -> Schedule? {
        guard node.members != nil else { return once(node, isLocal: isLocal) }
        let of = "a schedule"
        guard let fields = Fields(node, of: of, keys: ["every", "on", "at"], in: inspection) else { return nil }
        let minute = fields.required("at", help: "a time of day, such as \"09:00\"").flatMap {
            inspection.minuteOfDay($0)
        }
        let days = fields.required("every", help: "day, week or month").flatMap { self.days($0, fields) }
        guard let minute, let days else { return nil }
        return Schedule(days, minuteOfDay: minute, isLocal: isLocal)
    }

    private func once(_ node: YAMLNode, isLocal: Bool) -> Schedule? {
        let text = node.text ?? ""
        if let only = Schedule.Occurrence(text) {
            return Schedule(.once(only.date), minuteOfDay: only.minuteOfDay, isLocal: isLocal)
        }
        let isOfForm = text.utf8.count == 16 && text.contains("T")
        inspection.report(
            .invalid,
            isOfForm ? "there is no such date or time as \(text)" : "\"schedule\" must be a date and a time, or days",
            at: node.place,
            help: "such as 2026-03-02T09:00 in the workspace's zone, or {every: week, on: monday, at: \"09:00\"}")
        return nil
    }

    private func days(_ every: YAMLNode, _ fields: Fields) -> Schedule.Days? {
        let known = ["day", "week", "month"]
        switch inspection.reference(every, "rhythm", among: known, called: "rhythms") {
        case "day":
            if let on = fields["on"] {
                inspection.report(.invalid, "every day has no \"on\"", at: on.place, help: "every: week has one")
                return nil
            }
            return .daily
        case "week":
            return fields.required("on", help: "a day such as monday, a list of days, or workdays")
                .flatMap { inspection.weekdays($0, "on") }.map { .weekly($0) }
        case "month":
            return fields.required("on", help: "a day from 1 to 31, or last").flatMap { dayOfMonth($0) }.map {
                .monthly($0)
            }
        default: return nil
        }
    }

    private func dayOfMonth(_ node: YAMLNode) -> Int? {
        if node.text == "last" { return 31 }
        if let day = node.text.flatMap({ Int($0) }), (1...31).contains(day) { return day }
        inspection.report(
            .invalid, "\"on\" is a day of the month from 1 to 31, or last", at: node.place,
            help: "months that are shorter have it on their last day")
        return nil
    }

    // MARK: How fast, and how late

    func throttle(_ node: YAMLNode) -> Broadcast.Throttle? {
        let units: KeyValuePairs = ["per_minute": Span.minutes(1), "per_hour": .hours(1), "per_day": .days(1)]
        let keys = units.map(\.key)
        guard let fields = Fields(node, of: "\"throttle\"", keys: keys, in: inspection) else { return nil }
        let given = units.compactMap { key, span in fields[key].map { (value: $0, per: span) } }
        guard given.count == 1, let (value, per) = given.first else {
            inspection.report(
                .invalid, "\"throttle\" has \"per_minute\", \"per_hour\" or \"per_day\"", at: node.place,
                help: "such as {per_hour: 20000}")
            return nil
        }
        guard let runs = value.text.flatMap({ Int64($0) }), (1...10_000_000).contains(runs) else {
            inspection.report(.invalid, "a throttle is a whole number from 1 to 10000000", at: value.place)
            return nil
        }
        return Broadcast.Throttle(runs: runs, per: per)
    }

    func late(_ node: YAMLNode) -> Broadcast.Late? {
        guard let fields = Fields(node, of: "\"late\"", keys: ["after", "then"], in: inspection) else { return nil }
        let known = Broadcast.Late.Consequence.allCases.map(\.rawValue)
        let after = fields["after"].map { inspection.span($0, "\"after\"") } ?? Broadcast.Late().after
        let then = fields["then"].map { inspection.reference($0, "consequence", among: known, called: "consequences") }
        guard let after, let then = (then ?? "skip").flatMap(Broadcast.Late.Consequence.init(rawValue:)) else {
            return nil
        }
        return Broadcast.Late(after: after, then: then)
    }
}

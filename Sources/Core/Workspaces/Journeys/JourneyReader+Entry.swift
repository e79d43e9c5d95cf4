import Expressions
import JourneyProgram
import Model

extension JourneyReader {
    /// The keys of which an entry has one.
    private static let order = ["event", "stage", "segment", "left", "date", "api", "called"]

    func entry(_ node: YAMLNode) -> Journey.Entry? {
        let keys =
            Self.order + ["when", "key", "again", "backfill", "offset", "at", "yearly", "cap"] + Self.scheduleKeys
        guard let fields = Fields(node, of: "an entry", keys: keys, in: inspection) else { return nil }
        guard let cap = fields["cap"] else { return uncapped(node, fields) }
        let (caps, entry) = (self.caps(cap), uncapped(node, fields))
        guard let caps, var entry else { return nil }
        entry.caps = caps
        return entry
    }

    private func uncapped(_ node: YAMLNode, _ fields: Fields) -> Journey.Entry? {
        if let schedule = fields["schedule"] { return entry(onSchedule: schedule, fields) }
        refuse(["local"], in: fields, of: "an entry without a schedule")
        let triggers = Self.order.compactMap { key in fields[key].map { (key, $0) } }
        guard let (trigger, value) = triggers.first else {
            inspection.report(
                .missing,
                "an entry names an \"event\", a \"stage\", a \"segment\", one \"left\", a \"date\", a \"schedule\", \"api\", or \"called\"",
                at: node.place)
            return nil
        }
        guard triggers.count == 1 else {
            inspection.report(
                .invalid,
                "an entry is by event, by stage, by segment, by leaving one, by date or by call, not by several",
                at: triggers[1].1.place)
            return nil
        }
        if trigger != "segment", trigger != "left", let backfill = fields["backfill"] {
            inspection.report(.invalid, "only an entry by segment has \"backfill\"", at: backfill.place)
        }
        if trigger != "date" { refuse(["offset", "at", "yearly"], in: fields, of: "an entry by \(trigger)") }
        return throttled(entry(by: trigger, value, fields), fields)
    }

    private func entry(by trigger: String, _ value: YAMLNode, _ fields: Fields) -> Journey.Entry? {
        switch trigger {
        case "date": entry(onDate: fields)
        case "api": entry(onRequest: value, fields)
        case "called": entry(onCall: value, fields)
        case "event": entry(onEvent: value, fields)
        case "stage": entry(onStage: value, fields)
        case "segment": entry(onSegment: value, fields) { .segment($0, backfill: $1) }
        default: entry(onSegment: value, fields) { .left($0, backfill: $1) }
        }
    }

    /// The entry with how fast runs begin, and what becomes of those whose turn comes late.
    private func throttled(_ entry: Journey.Entry?, _ fields: Fields) -> Journey.Entry? {
        let throttle = fields["throttle"].map(self.throttle)
        let late = fields["late"].map(self.late)
        if throttle == nil, let late = fields["late"] {
            inspection.report(
                .invalid, "an entry without a schedule or a throttle has no \"late\"", at: late.place,
                help: "with throttle: {per_hour: …} it says what becomes of those whose turn comes late")
            return nil
        }
        if let throttle, throttle == nil { return nil }
        if let late, late == nil { return nil }
        var entry = entry
        entry?.throttle = throttle ?? nil
        entry?.late = late ?? nil
        return entry
    }

    // MARK: What starts it

    private func entry(onEvent event: YAMLNode, _ fields: Fields) -> Journey.Entry? {
        let when = fields["when"].map { inspection.expression($0, scope: .entry, names.vocabulary) }
        let again = self.again(fields)
        guard let name = inspection.event(event), let again else { return nil }
        return Journey.Entry(.event(name, when: when ?? nil), again: again)
    }

    private func entry(onStage stage: YAMLNode, _ fields: Fields) -> Journey.Entry? {
        refuse(["when", "key"], in: fields, of: "an entry by stage")
        let again = self.again(fields)
        guard let name = self.stage(stage), let again, again.key == nil else { return nil }
        return Journey.Entry(.stage(name), again: again)
    }

    private func entry(
        onSegment segment: YAMLNode, _ fields: Fields, _ trigger: (String, Bool) -> Journey.Trigger
    ) -> Journey.Entry? {
        refuse(["key"], in: fields, of: "an entry by segment")
        if let when = fields["when"] {
            inspection.report(
                .invalid, "an entry by segment has no \"when\"", at: when.place, help: "the segment is its condition")
        }
        let name = self.segment(segment)
        let backfill = fields["backfill"].map { inspection.flag($0, "\"backfill\"") } ?? false
        let again = self.again(fields, perOccurrence: "per-entry")
        guard let name, let backfill, let again else { return nil }
        return Journey.Entry(trigger(name, backfill), again: again)
    }

    func segment(_ node: YAMLNode) -> String? {
        guard let known = names.vocabulary.segments else { return inspection.text(node, "a segment") }
        return inspection.reference(node, "segment", among: known.sorted(), called: "segments")
    }

    private func entry(onDate fields: Fields) -> Journey.Entry? {
        refuse(["key"], in: fields, of: "an entry by date")
        let when = fields["when"].map { inspection.expression($0, scope: .audience, names.vocabulary) }
        let date = inspection.contactDate(fields, "date")
        let again = self.again(fields, perOccurrence: "per-date", otherwise: .perOccurrence)
        guard let date, let again, again.key == nil else { return nil }
        return Journey.Entry(.date(date, when: when ?? nil), again: again)
    }

    /// By `POST /v1/journeys`: the request is an event of the journey's own.
    private func entry(onRequest node: YAMLNode, _ fields: Fields) -> Journey.Entry? {
        refuse(["key"], in: fields, of: "an entry by request")
        if inspection.flag(node, "\"api\"") == false {
            inspection.report(.invalid, "\"api\" is true or not there", at: node.place)
        }
        let when = fields["when"].map { inspection.expression($0, scope: .entry, names.vocabulary) }
        let again = self.again(fields, perOccurrence: "per-request", otherwise: .perOccurrence)
        guard let again, again.key == nil, let id = try? Expression("event.id", scope: .entry, expecting: .dyn),
            let journey = inspection.file.root["journey"]?.text
        else { return nil }
        let isForEach = if case .perOccurrence = again { true } else { false }
        return Journey.Entry(
            .event(EventNames.entryRequested(into: journey), when: when ?? nil), again: isForEach ? .perKey(id) : again)
    }

    private func entry(onCall node: YAMLNode, _ fields: Fields) -> Journey.Entry? {
        refuse(["when", "key"], in: fields, of: "an entry by call")
        if inspection.flag(node, "\"called\"") == false {
            inspection.report(.invalid, "\"called\" is true or not there", at: node.place)
        }
        let again = self.again(fields, perOccurrence: "per-call", otherwise: .perOccurrence)
        guard let again, again.key == nil else { return nil }
        return Journey.Entry(.called, again: again)
    }

    func refuse(_ keys: [String], in fields: Fields, of what: String) {
        for key in keys {
            guard let value = fields[key] else { continue }
            inspection.report(.invalid, "\(what) has no \"\(key)\"", at: value.place)
        }
    }

    // MARK: Again

    /// - Parameter perOccurrence: what one run for each occasion is called, where there is such a thing.
    func again(
        _ fields: Fields, perOccurrence: String? = nil, otherwise: Journey.Again = .never
    ) -> Journey.Again? {
        let key = fields["key"].map { inspection.expression($0, scope: .entry, expecting: .dyn, names.vocabulary) }
        guard let again = fields["again"] else { return keyless(otherwise, fields) }
        switch again.text {
        case "never": return keyless(.never, fields)
        case "after-exit": return keyless(.afterExit, fields)
        case "per-key":
            guard let key else {
                inspection.report(
                    .missing, "\"again: per-key\" needs a \"key\"", at: again.place,
                    help: "such as key: event.properties.order_id")
                return nil
            }
            return key.map { .perKey($0) }
        case let word? where word == perOccurrence: return keyless(.perOccurrence, fields)
        case nil where again.members != nil: return interval(again).flatMap { keyless(.every($0), fields) }
        default:
            inspection.report(
                .invalid, "\"again\" is never, \(perOccurrence ?? "per-key"), after-exit or {every: …}", at: again.place
            )
            return nil
        }
    }

    private func interval(_ node: YAMLNode) -> Span? {
        Fields(node, of: "\"again\"", keys: ["every"], in: inspection)?
            .required("every", help: "such as 30d")
            .flatMap { inspection.span($0, "\"every\"") }
    }

    private func keyless(_ again: Journey.Again, _ fields: Fields) -> Journey.Again? {
        guard let key = fields["key"] else { return again }
        inspection.report(.invalid, "a \"key\" is only used with \"again: per-key\"", at: key.place)
        return nil
    }
}

extension Journey.Again {
    fileprivate var key: Expression? {
        if case .perKey(let key) = self { key } else { nil }
    }
}

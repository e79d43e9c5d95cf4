import Expressions
import JourneyProgram
import Model

/// Reads `journeys/*.yaml`.
struct JourneyReader {
    private static let keys = ["journey", "stage", "enter", "goal", "exit", "steps"]

    private let inspection: Inspection
    private let names: Names

    init(_ inspection: Inspection, _ names: Names) {
        self.inspection = inspection
        self.names = names
    }

    func read() -> Journey? {
        guard let fields = Fields(inspection.file.root, of: "a journey", keys: Self.keys, in: inspection) else {
            return nil
        }
        let name = fields.required("journey").flatMap { inspection.name($0, "a journey's name") }
        let stage = fields["stage"].map(self.stage)
        let entry = fields.required("enter", help: "such as {event: Order Completed}").flatMap(self.entry)
        let goal = fields["goal"].map(self.goal)
        let exit = fields["exit"].map(self.exit)
        let steps = fields.required("steps").map { StepsReader(inspection, names).read($0) }
        guard let name, let entry, let steps else { return nil }
        do {
            return try Journey(
                name: name, stage: stage ?? nil, entry: entry, goal: goal ?? nil, exit: exit ?? nil, steps: steps)
        } catch {
            // A name that stands twice has been found at its place.
            if error.code == .tooManySteps {
                inspection.report(.invalid, error.message, at: fields["steps"]?.place ?? .start)
            }
            return nil
        }
    }

    private func stage(_ node: YAMLNode) -> String? {
        guard let known = names.stages else { return inspection.text(node, "a stage") }
        return inspection.reference(node, "stage", among: known, called: "stages")
    }

    // MARK: Goal and exit

    private func goal(_ node: YAMLNode) -> Journey.Goal? {
        guard let fields = Fields(node, of: "a goal", keys: ["when", "within"], in: inspection) else { return nil }
        let within = fields["within"].map { inspection.span($0, "\"within\"") }
        let when = fields.required("when").flatMap { inspection.expression($0, scope: .run, names.vocabulary) }
        return when.map { Journey.Goal(when: $0, within: within ?? nil) }
    }

    private func exit(_ node: YAMLNode) -> Expression? {
        guard let fields = Fields(node, of: "an exit", keys: ["when"], in: inspection) else { return nil }
        return fields.required("when").flatMap { inspection.expression($0, scope: .run, names.vocabulary) }
    }
}

// MARK: Entry

extension JourneyReader {
    private func entry(_ node: YAMLNode) -> Journey.Entry? {
        let keys = ["event", "stage", "segment", "when", "key", "again", "backfill"]
        guard let fields = Fields(node, of: "an entry", keys: keys, in: inspection) else { return nil }
        let triggers = ["event", "stage", "segment"].compactMap { key in fields[key].map { (key, $0) } }
        guard let (trigger, value) = triggers.first else {
            inspection.report(.missing, "an entry names an \"event\", a \"stage\" or a \"segment\"", at: node.place)
            return nil
        }
        guard triggers.count == 1 else {
            inspection.report(
                .invalid, "an entry is by event, by stage or by segment, not by several", at: triggers[1].1.place)
            return nil
        }
        if trigger != "segment", let backfill = fields["backfill"] {
            inspection.report(.invalid, "only an entry by segment has \"backfill\"", at: backfill.place)
        }
        switch trigger {
        case "event": return entry(onEvent: value, fields)
        case "stage": return entry(onStage: value, fields)
        default: return entry(onSegment: value, fields)
        }
    }

    private func entry(onSegment segment: YAMLNode, _ fields: Fields) -> Journey.Entry? {
        for key in ["when", "key"] {
            guard let value = fields[key] else { continue }
            inspection.report(
                .invalid, "an entry by segment has no \"\(key)\"", at: value.place,
                help: key == "when" ? "the segment is its condition" : nil)
        }
        let name: String? =
            if let known = names.vocabulary.segments {
                inspection.reference(segment, "segment", among: known.sorted(), called: "segments")
            } else {
                inspection.text(segment, "a segment")
            }
        let backfill = fields["backfill"].map(self.flag) ?? false
        let again: Journey.Again? =
            if fields["again"]?.text == "per-entry" { .perMembership } else { self.again(fields) }
        guard let name, let backfill, let again else { return nil }
        return Journey.Entry(.segment(name, backfill: backfill), again: again)
    }

    private func flag(_ node: YAMLNode) -> Bool? {
        switch node.text {
        case "true": return true
        case "false": return false
        default:
            inspection.report(.invalid, "\"backfill\" is true or false", at: node.place)
            return nil
        }
    }

    private func entry(onEvent event: YAMLNode, _ fields: Fields) -> Journey.Entry? {
        let when = fields["when"].map { inspection.expression($0, scope: .entry, names.vocabulary) }
        let again = self.again(fields)
        guard let name = inspection.event(event), let again else { return nil }
        return Journey.Entry(.event(name, when: when ?? nil), again: again)
    }

    private func entry(onStage stage: YAMLNode, _ fields: Fields) -> Journey.Entry? {
        for key in ["when", "key"] {
            guard let value = fields[key] else { continue }
            inspection.report(.invalid, "an entry by stage has no \"\(key)\"", at: value.place)
        }
        let again = self.again(fields)
        guard let name = self.stage(stage), case .never = again else { return nil }
        return Journey.Entry(.stage(name), again: .never)
    }

    private func again(_ fields: Fields) -> Journey.Again? {
        let key = fields["key"].map { inspection.expression($0, scope: .entry, expecting: .dyn, names.vocabulary) }
        guard let again = fields["again"] else { return withoutKey(fields) }
        switch again.text {
        case "never": return withoutKey(fields)
        case "per-key":
            guard let key else {
                inspection.report(
                    .missing, "\"again: per-key\" needs a \"key\"", at: again.place,
                    help: "such as key: event.properties.order_id")
                return nil
            }
            return key.map { .perKey($0) }
        case "after-exit": notAvailable("\"again: after-exit\"", at: again)
        case nil where again.members?.contains { $0.key == "every" } == true:
            notAvailable("\"again: {every: …}\"", at: again)
        default:
            let other = fields["segment"] == nil ? "per-key" : "per-entry"
            inspection.report(.invalid, "\"again\" is never or \(other)", at: again.place)
        }
        return nil
    }

    private func withoutKey(_ fields: Fields) -> Journey.Again? {
        guard let key = fields["key"] else { return .never }
        inspection.report(.invalid, "a \"key\" is only used with \"again: per-key\"", at: key.place)
        return nil
    }

    private func notAvailable(_ what: String, at node: YAMLNode) {
        inspection.report(.notAvailable, "\(what) is not available yet", at: node.place)
    }
}

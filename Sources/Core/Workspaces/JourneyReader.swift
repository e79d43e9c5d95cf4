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
        return try? Journey(
            name: name, stage: stage ?? nil, entry: entry, goal: goal ?? nil, exit: exit ?? nil, steps: steps)
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
        let keys = ["event", "stage", "segment", "when", "key", "again"]
        guard let fields = Fields(node, of: "an entry", keys: keys, in: inspection) else { return nil }
        if let segment = fields["segment"] {
            notAvailable("an entry by segment", at: segment)
            return nil
        }
        switch (fields["event"], fields["stage"]) {
        case (let event?, nil): return entry(onEvent: event, fields)
        case (nil, let stage?): return entry(onStage: stage, fields)
        case (nil, nil): inspection.report(.missing, "an entry names an \"event\" or a \"stage\"", at: node.place)
        case (_?, let stage?):
            inspection.report(.invalid, "an entry is by event or by stage, not both", at: stage.place)
        }
        return nil
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
            inspection.report(.invalid, "\"again\" is never or per-key", at: again.place)
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

import Expressions
import JourneyProgram
import Model

/// Reads `journeys/*.yaml`.
struct JourneyReader {
    private static let keys =
        ["journey", "stage", "enter", "goal", "exit", "priority", "on_held"] + Inspection.restraintKeys + ["steps"]

    let inspection: Inspection
    let names: Names

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
        // First, since goal and exit may ask for what its steps were answered.
        let reader = StepsReader(inspection, names)
        let steps = fields.required("steps").map { reader.read($0) }
        if let steps, let entry, let node = fields["steps"] { checkTests(steps, entry, at: node) }
        let goal = fields["goal"].map { self.goal($0, reader) }
        let exit = fields["exit"].map { self.exit($0, reader) }
        let priority = fields["priority"].map { inspection.whole($0, "\"priority\"", in: 0...100) } ?? 0
        let restraint = inspection.restraint(fields)
        guard let name, let entry, let steps, let priority else { return nil }
        do {
            return try Journey(
                name: name, stage: stage ?? nil, entry: entry, goal: goal ?? nil, exit: exit ?? nil,
                priority: priority, restraint: restraint, steps: steps,
                contents: names.contents)
        } catch {
            // A name that stands twice has been found at its place.
            if error.code == .tooManySteps {
                inspection.report(.invalid, error.message, at: fields["steps"]?.place ?? .start)
            }
            return nil
        }
    }

    func stage(_ node: YAMLNode) -> String? {
        guard let known = names.stages else { return inspection.text(node, "a stage") }
        return inspection.reference(node, "stage", among: known, called: "stages")
    }

    // MARK: Goal and exit

    private func goal(_ node: YAMLNode, _ steps: StepsReader) -> Journey.Goal? {
        guard let fields = Fields(node, of: "a goal", keys: ["when", "within", "value"], in: inspection) else {
            return nil
        }
        let within = fields["within"].map { inspection.span($0, "\"within\"") }
        let when = fields.required("when").flatMap { steps.expression($0) }
        let value = fields["value"].map { self.value($0, steps) }
        return when.map { Journey.Goal(when: $0, within: within ?? nil, value: value ?? nil) }
    }

    private func value(_ node: YAMLNode, _ steps: StepsReader) -> Expression? {
        guard let value = steps.expression(node, expecting: .dyn) else { return nil }
        guard [.int, .uint, .double, .dyn].contains(value.type) else {
            inspection.report(
                .invalid, "a goal's value is a number, and this is \(value.type)", at: node.place,
                help: "such as run.sum(\"Order Completed\", \"revenue\")")
            return nil
        }
        return value
    }

    private func exit(_ node: YAMLNode, _ steps: StepsReader) -> Expression? {
        guard let fields = Fields(node, of: "an exit", keys: ["when"], in: inspection) else { return nil }
        return fields.required("when").flatMap { steps.expression($0) }
    }
}

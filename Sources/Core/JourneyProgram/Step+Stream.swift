import Model

extension Step {
    /// E-mails in an order, of which each contact gets each once, whichever journeys send them.
    public struct Stream: Sendable, Hashable {
        public var name: String
        /// In the order in which they are sent; none stands twice.
        public var templates: [String]

        public init(name: String, templates: [String]) {
            self.name = name
            self.templates = templates
        }
    }
}

extension Journey {
    /// The steps that send from a stream, in the order in which they are written.
    public var streamSteps: [(step: String, stream: Step.Stream)] {
        table.lines.reversed().compactMap { line in
            if case .stream(let stream, _, _) = line.operation, line.visit == 1 { (line.name, stream) } else { nil }
        }
    }

    /// The steps that send e-mails, one or one of a stream.
    public var sendingSteps: [String] {
        table.lines.reversed().filter { $0.visit == 1 && $0.operation.guards != nil }.map(\.name)
    }

    /// All e-mails that its steps may send.
    public var sentTemplates: Set<String> {
        table.sentTemplates
    }
}

extension StepTable.Operation {
    /// Of a step that sends an e-mail, what may keep it from sending.
    var guards: Step.Guards? {
        switch self {
        case .email(_, let guards), .stream(_, let guards, _), .test(_, let guards): guards
        default: nil
        }
    }
}

extension Engine {
    /// Sends the first of a stream that the contact has not had; the run goes on where there is none.
    mutating func draw(
        from stream: Step.Stream, _ guards: Step.Guards, exhausted: StepTable.Place, _ line: StepTable.Line
    ) {
        if isLate(guards.late, line) { return }
        guard let template = stream.templates.first(where: { !world.received.contains($0) }) else {
            let saw: [String: JSON] = ["stream": .string(stream.name), "emails": .int(Int64(stream.templates.count))]
            decide(line.name, visit: line.visit, "exhausted", saw)
            return go(to: exhausted, since: since, behind: behind)
        }
        send(template, line)
    }
}

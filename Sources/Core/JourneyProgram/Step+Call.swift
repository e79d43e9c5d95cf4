public import Model

extension Step {
    /// What a step tells others than the contact: another system, or the team.
    public struct Call: Sendable, Hashable {
        /// Whom it tells, by a name of the workspace's.
        public enum Target: Sendable, Hashable {
            case webhook(String)
            case team(String)
        }

        public var target: Target
        /// What is said besides who and where: an object for a webhook, a text for the team. Texts in it are templates.
        public var content: JSON

        public init(_ target: Target, content: JSON) {
            self.target = target
            self.content = content
        }

        /// As messages name it in place of a template: `webhook:crm`, `notify:sales`.
        public var name: String {
            switch target {
            case .webhook(let name): "webhook:\(name)"
            case .team(let name): "notify:\(name)"
            }
        }
    }
}

extension Journey {
    /// The steps that tell others something, in the order in which they are written.
    public var callSteps: [(step: String, call: Step.Call)] {
        table.lines.reversed().compactMap { line in
            if case .call(let call, _) = line.operation, line.visit == 1 { (line.name, call) } else { nil }
        }
    }

    /// Every step that plans a message, with what its messages go by: a template's name or a call's.
    public var messageSteps: [(step: String, template: String)] {
        emailSteps + callSteps.map { ($0.step, $0.call.name) }
    }
}

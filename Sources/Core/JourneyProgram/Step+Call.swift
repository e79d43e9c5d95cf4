public import Model

extension Step {
    /// What a step tells otherwise than by e-mail: another system, the team, the contact at the next visit, or by post.
    public struct Call: Sendable, Hashable {
        /// Whom it tells, by a name of the workspace's; of what a visitor is shown, the name of that.
        public enum Target: Sendable, Hashable {
            case webhook(String)
            case team(String)
            /// The contact, on the sender's own site.
            case visitor(String)
            /// The contact, by a postcard.
            case post(String)
        }

        public var target: Target
        /// What is said besides who and where: an object for a webhook, a text for the team. Texts in it are templates.
        public var content: JSON
        /// The topic to which it needs the contact's consent; nil: none.
        public var topic: String?
        /// How long it waits for its reader, where it waits.
        public var lifetime: Span?

        /// Whether it is the contact who is told.
        public var goesToContact: Bool {
            switch target {
            case .webhook, .team: false
            case .visitor, .post: true
            }
        }

        public init(_ target: Target, content: JSON) {
            self.target = target
            self.content = content
        }

        /// As messages name it in place of a template: `webhook:crm`, `notify:sales`, `site_message:plans`, `postcard:thanks`.
        public var name: String {
            switch target {
            case .webhook(let name): "webhook:\(name)"
            case .team(let name): "notify:\(name)"
            case .visitor(let name): "site_message:\(name)"
            case .post(let name): "postcard:\(name)"
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

    /// The postcards that its steps send, as often as they do.
    public var postcards: [String] {
        callSteps.compactMap { if case .post(let name) = $0.call.target { name } else { nil } }
    }

    /// Every step that plans a message, with what its messages go by: a template's name or a call's.
    public var messageSteps: [(step: String, template: String)] {
        emailSteps + callSteps.map { ($0.step, $0.call.name) }
    }
}

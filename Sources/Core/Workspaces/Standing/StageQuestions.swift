import Expressions
public import Model

/// What a contact's events of one batch may have changed.
public struct Stirrings: Sendable, Hashable {
    /// Names of the events.
    public var names: Set<String>
    /// Whether attributes may have changed.
    public var describes: Bool
    /// Whether time alone may have changed something.
    public var isWoken = false
    /// Whether something other than the events made all questions new: a revision, a merge.
    public var isAfresh: Bool

    public init(names: Set<String> = [], describes: Bool = false, isAfresh: Bool = false) {
        self.names = names
        self.describes = describes
        self.isAfresh = isAfresh
    }
}

/// Which stages are worth asking about, and what must be loaded to ask.
///
/// A condition that was false stays false until something it reads changes; so most events need no history at all.
public struct StageQuestions: Sendable {
    /// What conditions read.
    public struct Needs: Sendable {
        public var events: Set<String> = []
        /// Of those events whose whole past is not asked for: how far back they are.
        public private(set) var windows: [String: Span] = [:]
        /// What the events say, not only that they happened.
        public var properties = false
        public var scores = false
        public var consents = false
        public var attributes = false

        public init() {}

        /// - Parameter fits: the scores that read attributes.
        init(_ conditions: some Sequence<Expression>, fits: Set<String>) {
            for condition in conditions {
                add(condition.mentionedEvents, condition.windows)
                properties = properties || !condition.mentionedEventProperties.isEmpty
                scores = scores || !condition.mentionedScores.isEmpty
                consents = consents || !condition.mentionedTopics.isEmpty
                attributes =
                    attributes || condition.usesContact || !condition.mentionedScores.isDisjoint(with: fits)
            }
        }

        public func union(_ other: Needs) -> Needs {
            var union = self
            union.formUnion(other)
            return union
        }

        public mutating func formUnion(_ other: Needs) {
            add(other.events, other.windows)
            properties = properties || other.properties
            scores = scores || other.scores
            consents = consents || other.consents
            attributes = attributes || other.attributes
        }

        /// Asks for events, within windows where there are some.
        private mutating func add(_ others: Set<String>, _ theirs: [String: Span]) {
            for event in others {
                let isNew = events.insert(event).inserted
                switch (windows[event], theirs[event]) {
                case (let window?, let other?): windows[event] = max(window, other)
                case (nil, let other?) where isNew: windows[event] = other
                default: windows[event] = nil
                }
            }
        }

        /// The same with the whole past of all its events, and of others.
        public func unbounded(with others: Set<String>) -> Needs {
            var needs = self
            needs.events.formUnion(others)
            needs.windows = [:]
            return needs
        }
    }

    private let stages: [Stage]
    private let regress: Regress
    /// The scores that read attributes.
    private let fits: Set<String>

    public init(_ workspace: Workspace) {
        stages = workspace.stages
        regress = workspace.regress
        fits = Set(workspace.scores.filter { !$0.fit.isEmpty }.map(\.name))
    }

    /// The places of the stages above `held` whose conditions may have come true; where contacts go back, all as soon as
    /// one of these, or the one that holds `held`, may have changed.
    public func asked(above held: String?, _ stirrings: Stirrings) -> Set<Int> {
        let floor = stages.firstIndex { $0.name == held } ?? -1
        if regress == .follow {
            let stirred = stages.indices.contains { index in
                index >= floor && (stages[index].when?.mayFollow(stirrings) ?? (floor < 0))
            }
            return stirred ? Set(stages.indices) : []
        }
        return Set(
            stages.indices.filter { index in
                index > floor && (stages[index].when?.mayFollow(stirrings) ?? true)
            })
    }

    public func needs(of asked: Set<Int>) -> Needs {
        Needs(asked.compactMap { stages[$0].when }, fits: fits)
    }
}

extension Expression {
    /// Whether the value may have become another one.
    fileprivate func mayFollow(_ stirrings: Stirrings) -> Bool {
        if stirrings.isAfresh || isTimeDependent || usesStage { return true }
        if usesContact && stirrings.describes { return true }
        if !mentionedTopics.isEmpty && !stirrings.names.isDisjoint(with: EventNames.consents) { return true }
        if !mentionedEvents.isDisjoint(with: stirrings.names) { return true }
        // A constant.
        return mentionedEvents.isEmpty && mentionedTopics.isEmpty && !usesContact
    }
}

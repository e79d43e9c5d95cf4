import Model

/// One thing that happened to a contact, or was decided about it.
struct StoryLine: Sendable {
    enum Kind: Int, Sendable {
        /// Of one instant, causes come before what follows from them.
        case event, points, consent, stage, segment, run, mail
    }

    var at: Timestamp
    var kind: Kind
    /// Orders lines of one instant and kind.
    var order = ""
    var text: String
    /// The same for scripts.
    var facts: [String: JSON]

    var json: JSON {
        .object(
            facts.merging(["at": .string(at.description), "kind": .string("\(kind)"), "text": .string(text)]) { $1 })
    }

    static func < (left: StoryLine, right: StoryLine) -> Bool {
        if left.at != right.at { return left.at < right.at }
        // What follows from an event stands with it: all but runs and mails carry its id in front.
        return (left.kind.rawValue, left.order) < (right.kind.rawValue, right.order)
    }
}

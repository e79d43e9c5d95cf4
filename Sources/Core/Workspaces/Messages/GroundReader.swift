/// Reads on what ground something is sent: the consent to a topic, or that the person is owed it.
struct GroundReader {
    let inspection: Inspection
    /// Nil where they could not be read.
    let topics: [String]?

    /// - Parameter what: what is sent, as findings name it: `an e-mail`.
    func read(_ fields: Fields, of what: String) -> EmailDefinition.Ground? {
        switch (fields["topic"], fields["class"]) {
        case (let topic?, nil):
            guard let topics else { return inspection.text(topic, "a topic").map { .topic($0) } }
            let offered = topics.filter { $0 != Workspace.trackingTopic }
            return inspection.reference(topic, "topic", among: offered, called: "topics").map { .topic($0) }
        case (nil, let kind?):
            return inspection.reference(kind, "class", among: ["transactional"], called: "classes").map { _ in
                .transactional
            }
        case (nil, nil):
            inspection.report(
                .missing, "\(what) has a \"topic\", or \"class: transactional\"", at: fields.node.place,
                help: topics.map { "topics are " + $0.joined(separator: ", ") })
        case (_?, let kind?):
            inspection.report(.invalid, "\(what) has either a topic or a class, not both", at: kind.place)
        }
        return nil
    }
}

/// Whose opens and clicks are counted, where their readers have not consented to being known by them: what all readers of a
/// step's mail have in common.
public struct CountedMail: Sendable, Hashable {
    public var journey: String
    public var step: String
    public var template: String

    public init(journey: String, step: String, template: String) {
        (self.journey, self.step, self.template) = (journey, step, template)
    }

    /// Names have no spaces in them.
    var text: String { "\(journey) \(step) \(template)" }

    init(text: Substring) throws(LinkError) {
        let parts = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3, parts.allSatisfy({ !$0.isEmpty }) else { throw .malformed }
        (journey, step, template) = (parts[0], parts[1], parts[2])
    }
}

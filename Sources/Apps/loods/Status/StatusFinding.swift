/// One thing that an operator should know of, in a sentence that ends with the way out.
struct StatusFinding: Sendable, Hashable {
    /// A short name for scripts: it stays when the sentence is reworded.
    var name: String
    /// Whether it goes away only by what somebody does.
    var needsPerson: Bool
    var sentence: String

    var line: String { "\(needsPerson ? Console.bold("✗") : "·") \(sentence)" }
}

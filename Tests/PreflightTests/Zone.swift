@testable import Preflight

/// Names as a test knows them: what it does not name is not there.
struct Zone {
    private var known: [NameQuestion: NameAnswer] = [:]

    /// - Parameter lines: `NAME KIND VALUE`.
    init(_ lines: String) {
        for line in lines.split(separator: "\n") {
            let parts = line.split(separator: " ", maxSplits: 2)
            guard parts.count == 3, let kind = NameQuestion.Kind(rawValue: String(parts[1])) else { continue }
            let question = NameQuestion(String(parts[0]), kind)
            known[question] = .records((known[question]?.values ?? []) + [String(parts[2])])
        }
    }

    mutating func fail(_ name: String, _ kind: NameQuestion.Kind) {
        known[NameQuestion(name, kind)] = .failed("silent")
    }

    /// As whoever asks DNS finds it out, one round of questions after the other.
    func settled<Value>(_ look: (inout NameView) -> Value) -> Value {
        var answers: [NameQuestion: NameAnswer] = [:]
        while true {
            var view = NameView(answers)
            let value = look(&view)
            if view.missing.isEmpty { return value }
            for question in view.missing { answers[question] = known[question] ?? .nothing }
        }
    }
}

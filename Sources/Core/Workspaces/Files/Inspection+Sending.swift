import JourneyProgram
import Model
import SendGate

extension Inspection {
    /// `workdays`, or days of the week by their names, long or short.
    func weekdays(_ node: YAMLNode, _ key: String = "days") -> Set<Weekday>? {
        if node.text == "workdays" { return DailyTime.workdays }
        let words =
            node.elements.map { $0.map { $0.text ?? "" } }
            ?? (node.text ?? "").split(separator: ",").map { word in String(word.filter { $0 != " " }) }
        let days = words.map { word in Weekday.allCases.first { "\($0)" == word || $0.abbreviation == word } }
        guard !days.isEmpty, !days.contains(nil) else {
            let known = Weekday.allCases.map(\.abbreviation).joined(separator: ", ")
            report(
                .invalid, "\"\(key)\" is workdays or a list of days", at: node.place, help: "days are \(known)")
            return nil
        }
        return Set(days.compactMap { $0 })
    }

    /// A whole number within bounds.
    func whole(_ node: YAMLNode, _ what: String, in bounds: ClosedRange<Int>) -> Int? {
        if let number = node.text.flatMap({ Int($0) }), bounds.contains(number) { return number }
        report(
            .invalid, "\(what) must be a whole number from \(bounds.lowerBound) to \(bounds.upperBound)",
            at: node.place)
        return nil
    }

    /// How long a mail is worth sending.
    func lifetime(_ node: YAMLNode, _ key: String) -> Span? {
        guard let span = span(node, "\"\(key)\"") else { return nil }
        let bounds = Lifetimes.bounds
        guard bounds.contains(span) else {
            report(
                .invalid, "\"\(key)\" is from \(bounds.lowerBound) to \(bounds.upperBound)", at: node.place,
                help: "how long after it was due a mail may still go, such as 2d")
            return nil
        }
        return span
    }

    /// The keys that say what becomes of a message that is kept back.
    static let restraintKeys = ["on_quiet", "on_cap"]

    func restraint(_ fields: Fields) -> Restraint {
        func choice<Choice: RawRepresentable & CaseIterable>(_ key: String) -> Choice? where Choice.RawValue == String {
            let known = Choice.allCases.map(\.rawValue)
            return fields[key].flatMap { reference($0, "consequence", among: known, called: "consequences") }
                .flatMap(Choice.init(rawValue:))
        }
        return Restraint(onQuiet: choice("on_quiet"), onCap: choice("on_cap"), onHeld: choice("on_held"))
    }
}

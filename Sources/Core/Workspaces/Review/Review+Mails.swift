import Model

extension Review {
    mutating func lookAtMails(today: Timestamp) {
        for file in documents(in: "emails") where file.name.hasSuffix("/email.yaml") {
            lookAtAge(of: file, today: today)
            if let subject = file.root["subject"], let text = subject.text {
                for gap in MergeGap.all(in: text) {
                    report(gap, in: file.name, at: file.place(line: gap.line, column: gap.column, in: subject))
                }
            }
        }
        for (file, text) in files.sorted(by: { $0.key < $1.key })
        where file.hasPrefix("emails/") && file.hasSuffix(".mustache") {
            for gap in MergeGap.all(in: text) {
                report(gap, in: file, at: YAMLNode.Place(line: gap.line, column: gap.column))
            }
        }
    }

    private mutating func report(_ gap: MergeGap, in file: String, at place: YAMLNode.Place) {
        report(
            .noFallback, "{{\(gap.field)}} is nothing for a contact without it", in: file, at: place,
            help:
                "{{#\(gap.field)}}…{{/\(gap.field)}} shows what is around it only with it; {{^\(gap.field)}}…{{/\(gap.field)}} "
                + "what stands in its place")
    }

    /// `review_by: 2027-01-31`: after that day somebody should have looked at it again.
    private mutating func lookAtAge(of file: YAMLFile, today: Timestamp) {
        guard let node = file.root["review_by"], let day = node.text, String(today.description.prefix(10)) > day else {
            return
        }
        let name = file.name.split(separator: "/")[1]
        report(
            .reviewDue, "the e-mail \"\(name)\" was to be looked at again by \(day)", in: file.name, at: node.place,
            help: "read it, then set review_by further on")
    }
}

/// A merge field of the contact that stands where nothing takes its place.
struct MergeGap: Hashable {
    var field: String
    var line: Int
    var column: Int

    /// The first of each field in a template.
    static func all(in template: String) -> [MergeGap] {
        var gaps: [String: MergeGap] = [:]
        var open: [Substring] = []
        for (number, line) in template.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            var rest = line
            while let start = rest.firstRange(of: "{{"), let end = rest[start.upperBound...].firstRange(of: "}}") {
                let tag = rest[start.upperBound..<end.lowerBound].trimmingSpaces
                switch tag.first {
                case "#", "^": open.append(tag.dropFirst().trimmingSpaces)
                case "/": _ = open.popLast()
                default:
                    let isGuarded = open.contains { tag == $0 || tag.hasPrefix("\($0).") }
                    guard tag.hasPrefix("contact."), tag != "contact.email", !isGuarded, gaps[String(tag)] == nil else {
                        break
                    }
                    let column = line.unicodeScalars.distance(from: line.startIndex, to: start.lowerBound) + 1
                    gaps[String(tag)] = MergeGap(field: String(tag), line: number + 1, column: column)
                }
                rest = rest[end.upperBound...]
            }
        }
        return gaps.values.sorted { ($0.line, $0.column) < ($1.line, $1.column) }
    }
}

extension Substring {
    fileprivate var trimmingSpaces: Substring {
        var text = self
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return text
    }
}

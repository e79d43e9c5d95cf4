import Model

extension Review {
    mutating func lookAtMails(today: Timestamp) {
        for file in documents(in: "emails") where file.name.hasSuffix("/email.yaml") {
            lookAtAge(of: file, today: today)
            if file.root["class"]?.text == "transactional" { lookForAWayOut(in: file) }
            for words in words(of: file) {
                for gap in MergeGap.all(in: words.text ?? "") {
                    report(gap, in: file.name, at: file.place(line: gap.line, column: gap.column, in: words))
                }
            }
        }
        for (file, text) in files.sorted(by: { $0.key < $1.key })
        where ["emails/", "postcards/", "layouts/", "partials/"].contains(where: file.hasPrefix)
            && file.hasSuffix(".mustache")
        {
            for gap in MergeGap.all(in: text) {
                report(gap, in: file, at: YAMLNode.Place(line: gap.line, column: gap.column))
            }
        }
    }

    /// What somebody is owed has no topic that one could leave, and so nothing to put there.
    private mutating func lookForAWayOut(in file: YAMLFile) {
        let field = "links.unsubscribe"
        let folder = file.name.dropLast("email.yaml".count)
        func report(_ gap: MergeGap, in name: String, at place: YAMLNode.Place) {
            self.report(
                .noWayOut, "{{\(field)}} is nothing in an e-mail of \"class: transactional\"", in: name, at: place,
                help: "take it out, or give the e-mail a \"topic\" that people can leave; "
                    + "{{#\(field)}}…{{/\(field)}} shows what is around it only where there is one",
                severity: .error)
        }
        for words in words(of: file) {
            for gap in MergeGap.all(in: words.text ?? "", where: { $0 == field }) {
                report(gap, in: file.name, at: file.place(line: gap.line, column: gap.column, in: words))
            }
        }
        let name = String(folder.dropFirst("emails/".count).dropLast())
        let shared = Loader(files: files).shared(by: name)
        let own = files.keys.filter { $0.hasPrefix(folder) && $0.hasSuffix(".mustache") }
        for body in own.sorted() + shared {
            for gap in MergeGap.all(in: files[body] ?? "", where: { $0 == field }) {
                report(gap, in: body, at: YAMLNode.Place(line: gap.line, column: gap.column))
            }
        }
    }

    /// Its subjects and preheaders, its variants' among them, in each of their languages.
    private func words(of file: YAMLFile) -> [YAMLNode] {
        ([file.root] + (file.root["variants"]?.elements ?? [])).flatMap { place in
            ["subject", "preheader"].compactMap { place[$0] }.flatMap { $0.members?.map(\.value) ?? [$0] }
        }
    }

    private mutating func report(_ gap: MergeGap, in file: String, at place: YAMLNode.Place) {
        report(
            .noFallback, "{{\(gap.field)}} is nothing for a contact without it", in: file, at: place,
            help: "{{\(gap.field) | \"…\"}} says what stands in its place; "
                + "{{#\(gap.field)}}…{{/\(gap.field)}} shows what is around it only with it")
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

    /// Fields that a contact may lack.
    static func isOfContact(_ field: Substring) -> Bool { field.hasPrefix("contact.") && field != "contact.email" }

    /// The first of each field in a template.
    static func all(in template: String, where isMeant: (Substring) -> Bool = MergeGap.isOfContact) -> [MergeGap] {
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
                    guard isMeant(tag), !isGuarded, !tag.contains("|"), gaps[String(tag)] == nil else { break }
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

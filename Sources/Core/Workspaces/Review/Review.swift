public import Model

extension Workspace {
    /// Looks deeper into files that can be read: at what would work and is not meant, or no longer good. Whoever applies them
    /// asks for it; services do not, so that what is live stays readable when there are more questions.
    ///
    /// - Parameter today: by which content is past its review.
    /// - Returns: in the order of files and places; those that are errors must not be applied.
    public static func review(files: [String: String], today: Timestamp) -> [Finding] {
        var review = Review(files: files)
        review.lookAtConditions()
        review.lookAtEventConditions()
        review.lookAtEventNames()
        review.lookAtAttributes()
        review.lookAtJourneys()
        review.lookAtSchedules(today: today)
        review.lookAtMails(today: today)
        review.lookAtMatrix()
        review.lookAtCircles()
        return Set(review.findings).sorted()
    }
}

/// Definitions as they are written, and what is found in them.
struct Review {
    let files: [String: String]
    /// The YAML files, in order of their names.
    let documents: [YAMLFile]
    var findings: [Finding] = []

    init(files: [String: String]) {
        self.files = files
        documents = files.sorted { $0.key < $1.key }.compactMap { name, text in
            name.hasSuffix(".yaml") ? try? YAMLFile(name: name, text: text) : nil
        }
    }

    func document(_ name: String) -> YAMLFile? { documents.first { $0.name == name } }

    func documents(in folder: String) -> [YAMLFile] { documents.filter { $0.name.hasPrefix(folder + "/") } }

    mutating func report(
        _ code: Finding.Code, _ message: String, in file: String, at place: YAMLNode.Place, help: String? = nil,
        severity: Finding.Severity = .warning
    ) {
        findings.append(
            Finding(
                file: file, line: place.line, column: place.column, severity: severity, code: code, message: message,
                help: help))
    }
}

extension YAMLNode {
    subscript(key: String) -> YAMLNode? { members?.first { $0.key == key }?.value }

    /// Every member of every mapping below, with the mapping that it stands in; but for what a step sets or tells
    /// others, which are attributes and data, whatever their names.
    func walk(_ visit: (Member, YAMLNode) -> Void) {
        for member in members ?? [] {
            visit(member, self)
            if !["set", "data"].contains(member.key) || member.value.members == nil { member.value.walk(visit) }
        }
        for element in elements ?? [] { element.walk(visit) }
    }

    /// Every condition below, by the keys that conditions stand under.
    var conditions: [YAMLNode] {
        var found: [YAMLNode] = []
        walk { member, parent in
            let isCondition =
                ["when", "if"].contains(member.key) || member.key == "until" && parent["times"] != nil
            if isCondition, member.value.text != nil { found.append(member.value) }
        }
        return found
    }
}

/// Walks from a name towards the root (RFC 9989, section 4.10), which is how receivers find a policy and whose a name is.
enum DMARCTree {
    /// The policy at each name of the walk that has one, the nearest first.
    static func records(from domain: String, in view: inout NameView) -> [(name: String, record: DMARCRecord)] {
        var found: [(name: String, record: DMARCRecord)] = []
        for name in names(from: domain) {
            let texts = view.texts("_dmarc.\(name)").filter(DMARCRecord.isOne)
            guard texts.count == 1, let record = DMARCRecord(texts[0]) else { continue }
            found.append((name, record))
            if record.publicSuffix == "n" || record.publicSuffix == "y" && name != domain { break }
        }
        return found
    }

    /// At most eight names: of one with more labels, itself and then the last seven.
    static func names(from domain: String) -> [String] {
        var labels = domain.split(separator: ".").map(String.init)
        var names = [labels.joined(separator: ".")]
        labels = labels.count > 7 ? labels.suffix(7) : Array(labels.dropFirst())
        while !labels.isEmpty {
            names.append(labels.joined(separator: "."))
            labels.removeFirst()
        }
        return names
    }

    /// The name under which a domain and those below it are one sender's; the domain itself where none says.
    static func organization(of domain: String, in view: inout NameView) -> String {
        let records = records(from: domain, in: &view)
        if let end = records.first(where: { $0.record.publicSuffix == "n" }) { return end.name }
        if let suffix = records.first(where: { $0.record.publicSuffix == "y" && $0.name != domain }) {
            let labels = domain.split(separator: ".").map(String.init)
            return labels.suffix(suffix.name.split(separator: ".").count + 1).joined(separator: ".")
        }
        return records.last?.name ?? domain
    }

    /// Whether a name vouches for an address's domain: the same one, or one of the same sender's.
    static func isAligned(_ name: String, with domain: String, strictly: Bool, in view: inout NameView) -> Bool {
        if name == domain { return true }
        guard !strictly else { return false }
        let (a, b) = (organization(of: name, in: &view), organization(of: domain, in: &view))
        return a == b
    }
}

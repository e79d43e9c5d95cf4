import Model
import Store
import Workspaces

/// What an audit has found so far. Each finding is printed as it is found: there may be millions.
struct ConsentTally: Sendable {
    private let topic: String?
    private let isJSON: Bool
    private var consents = 0
    private(set) var incomplete = 0
    private var counts: [ConsentGap: Int] = [:]

    init(topic: String?, isJSON: Bool) { (self.topic, self.isJSON) = (topic, isJSON) }

    /// Takes whole ledgers of contacts, one after the other.
    mutating func take(_ lines: [Exports.Consent], by workspace: Workspace) {
        var rest = lines[...]
        while let first = rest.first {
            let ledger = rest.prefix { $0.contact == first.contact }
            rest = rest.dropFirst(ledger.count)
            for (entry, gaps) in workspace.proofs(in: ledger.map(\.entry)) {
                if let topic, topic != entry.topic { continue }
                consents += 1
                if !gaps.isEmpty { tell(gaps, of: entry, first) }
            }
        }
    }

    private mutating func tell(_ gaps: [ConsentGap], of entry: ConsentEntry, _ line: Exports.Consent) {
        for gap in gaps { counts[gap, default: 0] += 1 }
        if isJSON {
            print(incomplete == 0 ? "[" : ",", terminator: "\n")
            var object = entry.members
            object["contact"] = .string(line.contact.description)
            object["name"] = line.name.map { .string($0.value) }
            object["missing"] = .array(gaps.map { .string($0.rawValue) })
            Console.show(.object(object))
        } else {
            let place = entry.address.isEmpty ? "" : " at \(entry.address)"
            let name = line.name?.value ?? "\(line.contact)"
            let why = gaps.map(\.sentence).joined(separator: "; ")
            print(Console.safe("\(name)   \(entry.topic)\(place), given \(entry.at): \(why)"))
        }
        incomplete += 1
    }

    /// Closes what `--json` has begun.
    func end() {
        if isJSON { print(incomplete == 0 ? "[]" : "]") }
    }

    var sentence: String {
        let which = topic.map { " to \($0)" } ?? ""
        guard incomplete > 0 else { return "\(consents.counted("consent"))\(which), each with its proof" }
        let parts = ConsentGap.allCases.compactMap { gap in
            counts[gap].map { "\(gap.rawValue.replacing("_", with: " ")) \($0.grouped)" }
        }
        let kinds = parts.joined(separator: ", ")
        return "of \(consents.counted("consent"))\(which) \(incomplete.grouped) lack proof: \(kinds)"
    }
}

import Model
import Workspaces

extension WorkspaceDifference.Change {
    /// The change on a line, its parts on lines of their own below.
    var lines: [String] { ["\(sign.rawValue) \(kind == "setting" ? name : "\(kind) \(name)")\(note)"] + detailLines }

    /// The parts of a changed definition, and the steps of a new journey.
    var detailLines: [String] {
        guard !isInline else { return [] }
        return details.map { "    " + $0.line }
    }

    private var isInline: Bool { details.count == 1 && details[0].key.isEmpty }

    /// What stands behind the name: of a setting all there is to say.
    private var note: String {
        if kind == "file", sign == .changed { return "   in remarks or in form only" }
        return isInline ? "   " + details[0].values : ""
    }

    var json: JSON {
        .object([
            "change": .string(sign.word), "kind": .string(kind), "name": .string(name), "file": .string(file),
            "details": .array(details.map(\.json)),
        ])
    }
}

extension WorkspaceDifference.Sign {
    fileprivate var word: String {
        switch self {
        case .added: "added"
        case .changed: "changed"
        case .removed: "removed"
        }
    }
}

extension WorkspaceDifference.Detail {
    private static let longest = 72

    fileprivate var line: String {
        let name = key == "step" ? "" : "\(key)   "
        return "\(sign.rawValue) \(name)\(values)\(place.map { "   \($0)" } ?? "")"
    }

    /// `2d → 1d`; of long texts only how many lines came and went.
    fileprivate var values: String {
        let texts = [before, after].compactMap(\.self)
        if texts.contains(where: { $0.contains("\n") }) { return lineCounts }
        return texts.map { Console.safe(Self.shortened($0)) }.joined(separator: " → ")
    }

    private var lineCounts: String {
        let (old, new) = ((before ?? "").split(separator: "\n"), (after ?? "").split(separator: "\n"))
        let difference = new.difference(from: old)
        return [
            difference.insertions.isEmpty ? nil : "+\(difference.insertions.count.counted("line"))",
            difference.removals.isEmpty ? nil : "-\(difference.removals.count.counted("line"))",
        ].compactMap(\.self).joined(separator: " ")
    }

    private static func shortened(_ text: String) -> String {
        text.count > longest ? text.prefix(longest - 1) + "…" : text
    }

    fileprivate var json: JSON {
        .object([
            "change": .string(sign.word), "key": .string(key), "before": before.map { .string($0) } ?? .null,
            "after": after.map { .string($0) } ?? .null, "place": place.map { .string($0) } ?? .null,
        ])
    }
}

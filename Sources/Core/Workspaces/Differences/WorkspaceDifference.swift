/// What tells two revisions of a workspace's files apart, definition by definition.
public struct WorkspaceDifference: Sendable, Hashable {
    public enum Sign: String, Sendable {
        case added = "+"
        case changed = "~"
        case removed = "-"
    }

    /// One definition that is new, gone or other than before.
    public struct Change: Sendable, Hashable {
        public var sign: Sign
        /// `journey`, `segment`, `stage`, `score`, `persona`, `e-mail`, `postcard`, `topic`, `setting`, `order` or `file`.
        public var kind: String
        public var name: String
        public var file: String
        /// Of a changed definition, what of it; of a new journey, its steps.
        public var details: [Detail] = []
    }

    /// A key or a step that is new, gone or other than before.
    public struct Detail: Sendable, Hashable {
        public var sign: Sign
        /// The key; of a step `step`, of a setting nothing.
        public var key: String
        /// On one line; nil where there was none.
        public var before: String?
        public var after: String?
        /// Of a step: `after welcome-order`, `at the beginning`.
        public var place: String?
    }

    /// Journeys first, settings last.
    public let changes: [Change]

    public init(from old: [String: String], to new: [String: String]) {
        let before = Dictionary(uniqueKeysWithValues: [DefinitionOutline](files: old).map { ($0.name, $0) })
        let after = Dictionary(uniqueKeysWithValues: [DefinitionOutline](files: new).map { ($0.name, $0) })
        var changes: [Change] = []
        for (name, definition) in after {
            guard let held = before[name] else {
                if name.kind != "order" { changes.append(Change(.added, definition, details: definition.firstSteps)) }
                continue
            }
            let details = definition.details(since: held)
            if !details.isEmpty { changes.append(Change(.changed, definition, details: details)) }
        }
        for (name, definition) in before where after[name] == nil && name.kind != "order" {
            changes.append(Change(.removed, definition))
        }
        changes += Self.unexplained(from: old, to: new, changes)
        self.changes = changes.sorted { ($0.rank, $0.kind, $0.name, $0.file) < ($1.rank, $1.kind, $1.name, $1.file) }
    }

    /// Files that differ although no definition does: remarks, or what cannot be told apart.
    private static func unexplained(
        from old: [String: String], to new: [String: String], _ changes: [Change]
    ) -> [Change] {
        let explained = Set(
            changes.map { change in
                let folder = DefinitionOutline.contentFolders.first { $0.value == change.kind }?.key
                return folder.map { "\($0)/\(change.name)" } ?? change.file
            })
        return Set(old.keys).union(new.keys).filter { old[$0] != new[$0] }.compactMap { file in
            let parts = file.split(separator: "/")
            let owner =
                parts.count > 2 && DefinitionOutline.contentFolders[String(parts[0])] != nil
                ? parts[0...1].joined(separator: "/") : file
            guard !explained.contains(owner) else { return nil }
            let sign: Sign = old[file] == nil ? .added : new[file] == nil ? .removed : .changed
            return Change(sign: sign, kind: "file", name: file, file: file)
        }
    }
}

extension WorkspaceDifference.Change {
    fileprivate init(
        _ sign: WorkspaceDifference.Sign, _ definition: DefinitionOutline, details: [WorkspaceDifference.Detail] = []
    ) {
        self.init(
            sign: sign, kind: definition.name.kind, name: definition.name.name, file: definition.file,
            details: details)
    }

    fileprivate var rank: Int {
        let order = ["journey", "segment", "stage", "score", "persona", "stream", "e-mail", "postcard", "topic"]
        return order.firstIndex(of: kind) ?? (kind == "file" ? order.count + 1 : order.count)
    }
}

// MARK: Within a definition

extension DefinitionOutline {
    /// The steps of a journey that is new.
    fileprivate var firstSteps: [WorkspaceDifference.Detail] {
        steps.filter { !$0.isLabel }.map { .init(sign: .added, key: "step", after: $0.told) }
    }

    fileprivate func details(since old: DefinitionOutline) -> [WorkspaceDifference.Detail] {
        if name.kind == "order" { return reordered(since: old) }
        let before = Dictionary(old.fields.map { ($0.key, $0.text) }) { first, _ in first }
        let after = Dictionary(fields.map { ($0.key, $0.text) }) { first, _ in first }
        var details: [WorkspaceDifference.Detail] = fields.compactMap { key, text in
            guard before[key] != text else { return nil }
            return .init(sign: before[key] == nil ? .added : .changed, key: key, before: before[key], after: text)
        }
        details += old.fields.filter { after[$0.key] == nil }.map {
            .init(sign: .removed, key: $0.key, before: $0.text)
        }
        return details + StepDifference(from: old.steps, to: steps).details
    }

    /// Where a list holds the same in another order.
    private func reordered(since old: DefinitionOutline) -> [WorkspaceDifference.Detail] {
        let (before, after) = (old.fields.map(\.key), fields.map(\.key))
        let common = Set(before).intersection(after)
        guard before.filter(common.contains) != after.filter(common.contains) else { return [] }
        return [
            .init(
                sign: .changed, key: "", before: before.joined(separator: ", "), after: after.joined(separator: ", "))
        ]
    }
}

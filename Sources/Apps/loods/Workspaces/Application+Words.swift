import JourneyProgram
import Model
import Workspaces

extension Application {
    /// What changes, a line each, for people.
    func lines(_ definitions: Workspace) -> [String] {
        var lines = journeys.compactMap { $0.line(definitions) }
        let others = [("+", added), ("~", changed), ("-", removed)].flatMap { sign, files in
            files.filter { !$0.hasPrefix("journeys/") }.map { "\(sign) \($0)" }
        }
        // A new workspace is all new: its files need no list.
        if !isNew { lines += others }
        if let recounted {
            lines += recounted.scores.map { name in
                """
                ! score \(name)   counts anew from the log, which goes back to \(recounted.horizon): what came before gives \
                no points by new rules
                """
            }
        }
        return lines
    }

    var headline: String {
        if isNew { return "workspace \(workspace) is new" }
        return changesAnything
            ? "workspace \(workspace), revision \(before) → \(after)"
            : "workspace \(workspace) stays at revision \(before): nothing has changed"
    }

    var json: JSON {
        .object([
            "workspace": .string(workspace), "changed": .bool(changesAnything), "revision": .int(Int64(after)),
            "previous": .int(Int64(before)),
            "journeys": .array(journeys.map(\.json)),
            "files": .object(["added": added.json, "changed": changed.json, "removed": removed.json]),
        ])
    }
}

extension Application.JourneyChange {
    fileprivate func line(_ definitions: Workspace) -> String? {
        let emails = definitions.journey(named: journey)?.journey.emailSteps.count ?? 0
        return switch kind {
        case .added: "+ journey \(journey)   version \(version ?? 1), \(emails.counted("e-mail"))"
        case .changed:
            "~ journey \(journey)   version \(previous ?? 0) → \(version ?? 0); runs under way stay on theirs"
        case .resumed: "+ journey \(journey)   version \(version ?? 0) takes entries again"
        case .retired: "- journey \(journey)   takes no more entries; its runs go on"
        case .unchanged: nil
        }
    }

    fileprivate var json: JSON {
        .object([
            "journey": .string(journey), "change": .string(kind.rawValue),
            "version": version.map { .int(Int64($0)) } ?? .null,
            "previous": previous.map { .int(Int64($0)) } ?? .null,
        ])
    }
}

extension [String] {
    fileprivate var json: JSON { .array(map { .string($0) }) }
}

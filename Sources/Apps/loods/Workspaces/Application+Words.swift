import JourneyProgram
import Model
import Store
import Workspaces

extension Application {
    /// What changes, and for how many, for people.
    func report(_ definitions: Workspace) {
        print(Console.bold(headline))
        if let signature, changesAnything { print("  live is \(signature.words)") }
        for line in lines(definitions) { print("  " + line) }
        if isNew { print("  " + definitions.summary) }
    }

    /// What changes, line by line.
    func lines(_ definitions: Workspace) -> [String] {
        var lines = journeys.flatMap { told($0, definitions) }
        // A new workspace is all new: its definitions need no list.
        if !isNew {
            lines += difference.changes.filter { $0.kind != "journey" }.flatMap { change in
                let forecast = change.kind == "segment" ? segments.first { $0.segment == change.name } : nil
                return change.lines + (forecast.map { ["    would have   \($0.words)"] } ?? [])
            }
        }
        return lines + warnings.map { "! " + $0 }
    }

    /// A journey with what changes in it and whom that meets.
    private func told(_ change: JourneyChange, _ definitions: Workspace) -> [String] {
        let written = difference.changes.first { $0.kind == "journey" && $0.name == change.journey }
        let orders = ordered(change.journey)
        guard let head = change.line(definitions) ?? (orders.isEmpty ? nil : "~ journey \(change.journey)") else {
            return []
        }
        let counts = forecast[change.journey]
        var lines = [head]
        if change.kind == .changed { lines += written?.detailLines ?? [] }
        if change.kind == .changed, written == nil {
            lines.append("    ~ its e-mails or the settings that they are made of")
        }
        lines += counts.inFlight(besides: nil).map { "    in flight   \($0)" }
        if let entering = counts.entering {
            lines.append("    would enter   \(entering.counted("member")) of its segment at once")
        } else if change.kind != .retired, change.kind != .unchanged, let members = awaited(change.journey, definitions)
        {
            lines.append("    would enter   \(members.words), once its segment is evaluated")
        }
        if change.kind != .retired, let dispatch = broadcasts.first(where: { $0.journey == change.journey }) {
            let awaited = segments.first { $0.segment == dispatch.broadcast.segment }
            lines.append(
                "    goes out   \(dispatch.words)\(awaited.map { "; its segment would have \($0.words)" } ?? "")")
        }
        if change.kind != .retired, let rate = counts.entryRate { lines.append("    enters   \(rate)") }
        if change.kind != .retired, let journey = definitions.journey(named: change.journey)?.journey {
            if journey.broadcast == nil, let throttle = journey.throttle {
                lines.append("    lets in   \(counts.words(of: throttle))")
            }
            for cap in journey.entry.caps { lines.append("    cap   \(counts.words(of: cap))") }
        }
        if let mails = counts.nextDay { lines.append("    next 24 hours   would send \(mails)") }
        return lines + orders
    }

    /// Of a journey that takes those whom a change finds in its segment, the forecast of that segment.
    private func awaited(_ journey: String, _ definitions: Workspace) -> SegmentForecast? {
        guard case .segment(let segment, backfill: true)? = definitions.journey(named: journey)?.journey.entry.trigger
        else { return nil }
        return segments.first { $0.segment == segment }
    }

    /// What is to become of a journey's runs under way.
    private func ordered(_ journey: String) -> [String] {
        migrations.filter { $0.journey == journey }.flatMap(\.lines)
            + rewordings.filter { $0.journey == journey && $0.changesAnything }.map(\.line)
    }

    /// What whoever applies it should know first.
    var warnings: [String] {
        var warnings = outdated.map { file in
            let why = file.changed.reason.map { " (\(Console.safe($0)))" } ?? ""
            return """
                \(file.file) is here as it was in revision \(file.asOf); \(Console.safe(file.changed.author)) changed it in \
                revision \(file.changed.revision), at \(file.changed.at)\(why): applying takes that back
                """
        }
        warnings += rewordings.flatMap(\.warnings)
        if let recounted {
            warnings += recounted.scores.map { name in
                """
                score \(name)   counts anew from the log, which goes back to \(recounted.horizon): what came before gives \
                no points by new rules
                """
            }
        }
        return warnings
    }

    /// `1 to add, 2 to change, 1 warning`.
    var sum: String {
        let counts: [(WorkspaceDifference.Sign, String)] = [
            (.added, "add"), (.changed, "change"), (.removed, "remove"),
        ]
        var parts = counts.compactMap { sign, verb -> String? in
            let count = difference.changes.count { $0.sign == sign }
            return count > 0 ? "\(count.grouped) to \(verb)" : nil
        }
        if !warnings.isEmpty { parts.append(warnings.count.counted("warning")) }
        return parts.isEmpty ? "runs under way to change" : parts.joined(separator: ", ")
    }

    var headline: String {
        if isNew { return "workspace \(workspace) is new" }
        if changesAnything, after == before { return "workspace \(workspace), revision \(before)" }
        return changesAnything
            ? "workspace \(workspace), revision \(before) → \(after)"
            : "workspace \(workspace) stays at revision \(before): nothing has changed"
    }

    var json: JSON {
        .object([
            "workspace": .string(workspace), "changed": .bool(changesAnything), "revision": .int(Int64(after)),
            "previous": .int(Int64(before)),
            "live": signature?.json ?? .null,
            "journeys": .array(
                journeys.map { change in
                    let counts = forecast[change.journey].json.object ?? [:]
                    let dispatch = broadcasts.first { $0.journey == change.journey }.map { ["broadcast": $0.json] }
                    return .object(change.members.merging(counts.merging(dispatch ?? [:]) { $1 }) { own, _ in own })
                }),
            "changes": .array(difference.changes.map(\.json)), "segments": .array(segments.map(\.json)),
            "migrations": .array(migrations.map(\.json)),
            "rewordings": .array(rewordings.filter(\.changesAnything).map(\.json)), "warnings": warnings.json,
            "files": .object(["added": added.json, "changed": changed.json, "removed": removed.json]),
        ])
    }
}

extension Application.JourneyChange {
    fileprivate func line(_ definitions: Workspace) -> String? {
        let emails = definitions.journey(named: journey)?.journey.sendingSteps.count ?? 0
        return switch kind {
        case .added: "+ journey \(journey)   version \(version ?? 1), \(emails.counted("e-mail"))"
        case .changed:
            "~ journey \(journey)   version \(previous ?? 0) → \(version ?? 0); runs under way stay on theirs"
        case .resumed: "+ journey \(journey)   version \(version ?? 0) takes entries again"
        case .retired: "- journey \(journey)   takes no more entries; its runs go on"
        case .unchanged: nil
        }
    }

    fileprivate var members: [String: JSON] {
        [
            "journey": .string(journey), "change": .string(kind.rawValue),
            "version": version.map { .int(Int64($0)) } ?? .null,
            "previous": previous.map { .int(Int64($0)) } ?? .null,
        ]
    }
}

extension [String] {
    fileprivate var json: JSON { .array(map { .string($0) }) }
}

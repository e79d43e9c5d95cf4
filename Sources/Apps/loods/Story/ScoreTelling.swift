import Expressions
import JourneyProgram
import Model
import ServiceRuntime
import Store
import Workspaces

/// Tells where a contact's scores come from, point by point.
struct ScoreTelling {
    private let portrait: ContactPortrait
    private let accounts: [ScoreAccount]

    /// - Parameter model: only this one.
    /// - Throws: `ExitFault` where there is no such score.
    init(_ portrait: ContactPortrait, model: String?) throws {
        self.portrait = portrait
        let all = portrait.accounts
        let known = portrait.definitions?.scores.map(\.name) ?? []
        accounts = model.map { name in all.filter { $0.model.name == name } } ?? all
        if let model, !known.contains(model) {
            throw ExitFault(
                code: .failures,
                message: "there is no score \"\(model)\"; "
                    + (known.isEmpty ? "the workspace has none" : "scores are \(known.joined(separator: ", "))"))
        }
    }

    /// The account for people, a line each.
    var lines: [String] {
        var lines = [Console.bold(Console.safe(portrait.title))]
        if accounts.isEmpty {
            let objects = portrait.story.state.objects
            lines.append(objects ? "  objects to profiling: has no scores" : "  the workspace has no scores")
        }
        for account in accounts { lines += tell(account) }
        return lines
    }

    var json: JSON {
        .object([
            "contact": .string(portrait.story.contact.contact.description),
            "workspace": .string(portrait.workspaceName), "now": .string(portrait.now.description),
            "zone": .string(portrait.zone.name), "objects": .bool(portrait.story.state.objects),
            "scores": .array(accounts.map(\.json)),
        ])
    }

    private func tell(_ account: ScoreAccount) -> [String] {
        let model = account.model
        let about = [
            model.band(of: Double(account.value) / 1000),
            model.halfLife.map { "halves in \($0)" }, "now \(LocalTime(portrait.now, in: portrait.zone).full)",
        ]
        var lines = [
            "\n\(Console.bold("\(model.name)  \(account.value.points)"))   \(about.compactMap(\.self).joined(separator: "; "))"
        ]
        if !account.lines.isEmpty || !account.fit.isEmpty {
            lines.append(Console.dim("\("given".leading(to: 12)) \("left".leading(to: 10))"))
        }
        var day: String?
        for line in account.lines {
            let time = LocalTime(line.event.at, in: portrait.zone)
            if time.day != day {
                lines.append("  \(time.day)" + (day == nil ? "   \(portrait.zone.name)" : ""))
                day = time.day
            }
            lines.append(tell(line, at: time))
        }
        let fit = account.fit.filter(\.holds)
        if !fit.isEmpty { lines.append("  attributes") }
        lines += fit.map { row(nil, given: $0.rule.points, left: $0.rule.points.points, $0.words) }
        if account.unaccounted != 0 {
            lines.append(row(nil, given: nil, left: account.unaccounted.points, "by events that are not in the log"))
        }
        lines.append(Console.bold(row(nil, given: nil, left: account.value.points, "in all")))
        return lines
    }

    private func tell(_ line: ScoreAccount.Line, at time: LocalTime) -> String {
        let condition = line.rule.when.map { ", since \($0.line)" } ?? ""
        let giver = line.giver.map { " by \($0)" } ?? ""
        let fate = line.words(in: portrait.zone).map { "   \($0)" } ?? ""
        let left = line.fate == .counts ? line.left.points : "–"
        return row(time.clock, given: line.rule.points, left: left, "\(line.event.name)\(giver)\(condition)\(fate)")
    }

    private func row(_ clock: String?, given: Int64?, left: String, _ words: String) -> String {
        let given = given.map { ($0 < 0 ? "" : "+") + $0.points } ?? ""
        return
            "  \((clock ?? "").padded(to: 8))\(given.leading(to: 7)) \(left.leading(to: 10))   \(Console.safe(words))"
    }
}

extension ScoreAccount.Line {
    /// Why the points do not count, or until when they do.
    func words(in zone: LocalZone) -> String? {
        switch fate {
        case .counts: until.map { "until \(LocalTime($0, in: zone).full)" }
        case .ended: until.map { "ended \(LocalTime($0, in: zone).full)" }
        case .overDailyCap: "not counted: \(rule.cap?.perDay ?? 0) a day at most"
        case .overTotalCap: "not counted: \(rule.cap?.total ?? 0) in all at most"
        }
    }

    /// The line for scripts.
    func facts(of score: String) -> [String: JSON] {
        [
            "score": .string(score), "at": .string(event.at.description), "event": .string(event.name),
            "event_id": .string(event.eventID), "when": rule.when.map { .string($0.source) } ?? .null,
            "by": giver.map { .string($0) } ?? .null, "points": .double(Double(rule.points) / 1000),
            "left": .double(Double(left) / 1000),
            "fate": .string(fate.rawValue), "until": until.map { .string($0.description) } ?? .null,
        ]
    }
}

extension ScoreAccount.FitLine {
    /// `contact.country == "NL"   country NL`.
    fileprivate var words: String {
        let values = attributes.map { "\($0.name) \($0.value.brief)" }.joined(separator: ", ")
        return rule.when.line + (values.isEmpty ? "" : "   \(values)")
    }

    fileprivate var json: JSON {
        .object([
            "when": .string(rule.when.source), "points": .double(Double(rule.points) / 1000), "holds": .bool(holds),
            "attributes": .object(Dictionary(attributes.map { ($0.name, $0.value) }) { first, _ in first }),
        ])
    }
}

extension ScoreAccount {
    fileprivate var json: JSON {
        let points = Double(value) / 1000
        return .object([
            "score": .string(model.name), "value": .double(points),
            "band": model.band(of: points).map { .string($0) } ?? .null,
            "half_life": model.halfLife.map { .string($0.description) } ?? .null,
            "points": .array(lines.map { .object($0.facts(of: model.name)) }), "fit": .array(fit.map(\.json)),
            "not_in_log": .double(Double(unaccounted) / 1000),
        ])
    }
}

extension Int64 {
    /// Thousandths of a point as points: `12`, `12.5`, `-0.125`.
    fileprivate var points: String { (Double(self) / 1000).short }
}

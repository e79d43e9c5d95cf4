import JourneyProgram
public import Model
import SendGate
public import Workspaces

/// A test's run beside what was expected of it, line by line.
public struct Timeline: Sendable {
    public struct Row: Sendable {
        public enum Mark: Sendable {
            /// As expected.
            case met
            /// Neither expected nor forbidden.
            case aside
            case missing
            case unexpected
            case forbidden
        }

        public var at: Timestamp?
        /// Nil where there is but one.
        public var contact: String?
        public var expected: String?
        public var happened: String?
        public var mark: Mark
    }

    public private(set) var rows: [Row] = []
    private let start: Timestamp

    public init(_ result: TestResult) {
        start = result.test.start
        let isAlone = result.stories.count == 1
        for (place, story) in result.stories.enumerated() {
            for (index, line) in story.lines.enumerated() {
                rows.append(row(of: line, result.matches[place][index], result, isAlone ? nil : story.contact))
            }
        }
        for case .missing(let expectation) in result.faults {
            rows.append(
                Row(
                    at: expectation.at, contact: isAlone ? nil : expectation.contact,
                    expected: expectation.words(since: start), mark: .missing))
        }
        rows = rows.enumerated().sorted { left, right in
            let (first, second) = (left.element.at ?? .distantFuture, right.element.at ?? .distantFuture)
            return first == second ? left.offset < right.offset : first < second
        }.map(\.element)
    }

    private func row(
        of line: Happening, _ match: Expectation?, _ result: TestResult, _ contact: String?
    ) -> Row {
        var row = Row(at: line.at, contact: contact, happened: line.words(since: start), mark: .aside)
        if let match { (row.expected, row.mark) = (match.words(since: start), .met) }
        for fault in result.faults {
            switch fault {
            case .unexpected(line, let name) where contact == nil || name == contact: row.mark = .unexpected
            case .forbidden(line, let name, let never) where contact == nil || name == contact:
                (row.expected, row.mark) = ("never: " + never.words(since: start), .forbidden)
            default: break
            }
        }
        return row
    }
}

extension Expectation {
    /// `e-mail pixel-why`, `ends: goal`.
    public func words(since start: Timestamp) -> String {
        let of = journey.map { " (\($0))" } ?? ""
        switch subject {
        case .sent(let name):
            let content = ContentChoice(cell: cell ?? ContentCell(), blocks: blocks).words
            return "e-mail \(name)\(language.map { " in \($0)" } ?? "")\(content.bracketed)\(of)"
        case .skipped(let name): return "not sent: \(name)\(of)"
        case .told(let whom): return whom.toldName + of
        case .held(let name): return "held: \(name)\(of)"
        case .enters(let journey): return "enters \(journey)"
        case .turnedAway(let journey): return "turned away by \(journey)"
        case .ends(let end): return "ends: \(end)\(of)"
        case .stage(let stage): return "stage \(stage)"
        case .gives(let model, let points):
            return (points.map { "\(GivenPoints(model: model, points: $0).words)" } ?? "points of \(model)") + of
        case .segment(let segment): return "enters segment \(segment)"
        case .left(let segment): return "leaves segment \(segment)"
        case .persona(let persona): return "persona \(persona)"
        case .waitsUntil(let until): return "waits until \(until.offset(since: start))\(of)"
        case .waitsFor(let what): return "waits for \(what)\(of)"
        case .takes(let branch): return "takes \(branch)\(of)"
        }
    }
}

extension Happening {
    /// What happened, in words; instants since the start.
    public func words(since start: Timestamp) -> String {
        switch what {
        case .event(let name): "· \(name)"
        case .stage(let stage): "stage \(stage)"
        case .entered(let segment): "enters segment \(segment)"
        case .left(let segment): "leaves segment \(segment)"
        case .persona(let persona): "persona \(persona ?? "by default")"
        case .started: "enters \(journey ?? "")"
        case .turnedAway(let cap): "turned away by \(journey ?? ""): its cap was full  (\(cap.words))"
        case .chose(let step, _, "score", let saw):
            "\(step): \(saw["score"].flatMap { GivenPoints($0) }?.words ?? "")"
        case .chose(let step, _, let choice, let saw): "\(step): \(choice)\(saw.hint)"
        case .sent(let step, let visit, let template):
            "e-mail \(Self.mail(step, visit, template))\(language.map { " in \($0)" } ?? "")"
                + (content?.words.bracketed ?? "")
        case .skipped(let step, let visit, let template, let reasons):
            "not sent: \(Self.mail(step, visit, template)), \(reasons.words(fullCaps) { $0.offset(since: start) })"
        case .held(let step, let visit, let template, let until, let reasons):
            "held until \(until.offset(since: start)): \(Self.mail(step, visit, template)), "
                + reasons.words(fullCaps) { $0.offset(since: start) }
        case .told(let step, let visit, let whom): Self.call(step, visit, whom)
        case .waits(_, let until): "waits until \(until.offset(since: start))"
        case .waitsFor(_, let awaited, let until):
            "waits for \(awaited.joined(separator: " or ")), until \(until.offset(since: start)) at most"
        case .waitsForGoal(let until): "waits for its goal" + (until.map { " until \($0.offset(since: start))" } ?? "")
        case .ended(let outcome, let saw): "ends: \(outcome.rawValue)\(saw.hint)"
        case .failed(let reason): "cannot go on: \(reason)"
        }
    }

    private static func call(_ step: String, _ visit: Int, _ whom: String) -> String {
        let isUsual = step == whom.replacing(":", with: "-") || whom.hasSuffix(":\(step)")
        return whom.toldName + (isUsual ? "" : " as \(step)")
            + (visit > 1 ? " for the \(visit). time" : "")
    }

    private static func mail(_ step: String, _ visit: Int, _ template: String) -> String {
        (step == template ? template : "\(template) as \(step)") + (visit > 1 ? " for the \(visit). time" : "")
    }
}

extension String {
    /// `webhook crm`, `site message plans`.
    fileprivate var toldName: String {
        replacing(":", with: " ", maxReplacements: 1).replacing(
            "site_message ", with: "site message ", maxReplacements: 1)
    }
}

extension Timestamp {
    /// How long after a start, as tests write it: `0d`, `2d1h`, `-3d`.
    public func offset(since start: Timestamp) -> String { self == start ? "0d" : (self - start).description }
}

extension JSON {
    /// The condition that a decision was taken on, in brackets.
    fileprivate var hint: String {
        let text = (self["condition"] ?? self["came true"] ?? self["event"] ?? self["value"])?.string
        return text.map { "  (\($0))" } ?? ""
    }
}

extension String {
    /// ` [hero pro]`; nothing for what is empty.
    fileprivate var bracketed: String { isEmpty ? "" : " [\(self)]" }
}

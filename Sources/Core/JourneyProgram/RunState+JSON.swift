import Expressions
public import Model

/// The stored form: `{"v":1,"started":…,"entry":{"at":…,"event":…},"step":…,"phase":…}` and what the phase needs; instants
/// are microseconds since 1970, which hold every instant that the store does, whatever its year.
extension RunState {
    private static let version: Int64 = 1

    public var json: JSON {
        var members: [String: JSON] = [
            "v": .int(Self.version), "started": startedAt.stored, "entry": entry.stored, "step": .string(step),
        ]
        if let opensAt { members["opens"] = opensAt.stored }
        if awaitsTurn { members["turn"] = .bool(true) }
        if goalHasLapsed { members["lapsed"] = .bool(true) }
        if !answers.isEmpty { members["answers"] = .object(answers) }
        // Of old it was said of messages alone.
        if visit > 1 || phase == .sending { members["visit"] = .int(Int64(visit)) }
        switch phase {
        case .arriving: members["phase"] = .string("arriving")
        case .sending: members["phase"] = .string("sending")
        case .waiting(let until):
            members["phase"] = .string("waiting")
            members["until"] = until.stored
        case .waitingForEvent(let behind, let until):
            members["phase"] = .string("waiting for event")
            members["behind"] = behind.stored
            members["until"] = until.stored
        case .waitingForGoal: members["phase"] = .string("waiting for goal")
        case .ended(let outcome): members["phase"] = .string(outcome.rawValue)
        }
        return .object(members)
    }

    /// Reads `json`; anything else throws `unreadableRun`.
    public init(json: JSON) throws(JourneyError) {
        guard json["v"] == .int(Self.version) else { throw .unreadable("its version") }
        startedAt = try .read(json["started"], "started")
        entry = try .read(json["entry"], "entry")
        guard let step = json["step"]?.string else { throw .unreadable("step") }
        self.step = step
        phase = try Self.phase(json)
        visit = try Self.visit(json, of: phase)
        if let opens = json["opens"] { opensAt = try .read(opens, "opens") }
        awaitsTurn = json["turn"] == .bool(true)
        goalHasLapsed = json["lapsed"] == .bool(true)
        answers = json["answers"]?.object ?? [:]
    }

    private static func visit(_ json: JSON, of phase: Phase) throws(JourneyError) -> Int {
        guard let stored = json["visit"] else {
            if phase == .sending { throw .unreadable("visit") }
            return 1
        }
        guard case .int(let number) = stored, let visit = Int(exactly: number), visit > 0 else {
            throw .unreadable("visit")
        }
        return visit
    }

    private static func phase(_ json: JSON) throws(JourneyError) -> Phase {
        guard let name = json["phase"]?.string else { throw .unreadable("phase") }
        switch name {
        case "arriving": return .arriving
        case "sending": return .sending
        case "waiting": return .waiting(until: try .read(json["until"], "until"))
        case "waiting for event":
            return .waitingForEvent(
                behind: try .read(json["behind"], "behind"), until: try .read(json["until"], "until"))
        case "waiting for goal": return .waitingForGoal
        default:
            guard let outcome = Journey.Outcome(rawValue: name) else { throw .unreadable("phase") }
            return .ended(outcome)
        }
    }
}

extension JourneyError {
    static func unreadable(_ part: String) -> JourneyError {
        JourneyError(code: .unreadableRun, message: "a stored run cannot be read at \(part)")
    }
}

extension Timestamp {
    fileprivate var stored: JSON { .int(microseconds) }

    fileprivate static func read(_ json: JSON?, _ part: String) throws(JourneyError) -> Timestamp {
        guard case .int(let microseconds) = json else { throw .unreadable(part) }
        return Timestamp(microseconds: microseconds)
    }
}

extension HistoryPosition {
    fileprivate var stored: JSON {
        var members = ["at": at.stored]
        if let eventID { members["event"] = .string(eventID) }
        return .object(members)
    }

    fileprivate static func read(_ json: JSON?, _ part: String) throws(JourneyError) -> HistoryPosition {
        let at = try Timestamp.read(json?["at"], part)
        guard let event = json?["event"] else { return .end(of: at) }
        guard let eventID = event.string else { throw .unreadable(part) }
        return HistoryPosition(at: at, eventID: eventID)
    }
}

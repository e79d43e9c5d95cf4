import Expressions
import JourneyProgram
import Model
import ServiceRuntime

/// A contact as `loods expr eval --contact` takes it: a world to evaluate expressions in.
struct ContactDocument: EvaluationContext {
    var now: Timestamp
    var contact: JSON = .object([:])
    var stage: String?
    var event: JSON?
    var history = History()
    var runStart: HistoryPosition?
    private var consents: Set<String> = []
    private var segments: Set<String> = []
    private var scores: [String: Score] = [:]

    private struct Score {
        var value: Double
        var halfLife: Span?
    }

    private static let members = [
        "attributes", "consents", "event", "events", "run_started", "scores", "segments", "stage",
    ]

    init(_ json: JSON, now: Timestamp) throws {
        self.now = now
        guard let members = json.object else { throw Self.fault("the contact's document is not a JSON object") }
        for name in members.keys.sorted() where !Self.members.contains(name) {
            throw Self.fault("'\(name)' is not a member; there are \(Self.members.joined(separator: ", "))")
        }
        contact = try Self.object(members, "attributes")
        stage = try Self.string(members["stage"], "stage")
        consents = try Self.names(members, "consents")
        segments = try Self.names(members, "segments")
        if let event = members["event"] { self.event = try Self.event(event, "event", now: now).view }
        history = try Self.history(members, now: now)
        runStart = try Self.time(members["run_started"], "run_started").map { .end(of: $0) }
        for (model, score) in try Self.object(members, "scores").object ?? [:] {
            scores[model] = try Self.score(score, "scores.\(model)")
        }
    }

    func consented(_ topic: String) -> Bool { consents.contains(topic) }
    func isInSegment(_ name: String) -> Bool { segments.contains(name) }
    func score(_ model: String) -> Double { scores[model]?.value ?? 0 }
    func halfLife(ofScore model: String) -> Span? { scores[model]?.halfLife }

    // MARK: Reading

    private static func fault(_ message: String) -> ExitFault { ExitFault(code: .failures, message: message) }

    private static func object(_ members: [String: JSON], _ name: String) throws -> JSON {
        switch members[name] {
        case nil, .null: return .object([:])
        case .object(let object): return .object(object)
        default: throw fault("\(name) is an object")
        }
    }

    private static func string(_ json: JSON?, _ name: String) throws -> String? {
        switch json {
        case nil, .null: return nil
        case .string(let text): return text
        default: throw fault("\(name) is a string")
        }
    }

    private static func names(_ members: [String: JSON], _ name: String) throws -> Set<String> {
        switch members[name] {
        case nil, .null: return []
        case .array(let elements):
            let names = elements.compactMap(\.string)
            guard names.count == elements.count else { fallthrough }
            return Set(names)
        default: throw fault("\(name) is a list of names")
        }
    }

    private static func time(_ json: JSON?, _ name: String) throws -> Timestamp? {
        guard let text = try string(json, name) else { return nil }
        guard let time = Timestamp(iso8601: text) else {
            throw fault("\(name) is an instant, such as 2026-03-02T10:00:00Z")
        }
        return time
    }

    private static func span(_ json: JSON?, _ name: String) throws -> Span? {
        guard let text = try string(json, name) else { return nil }
        guard let span = Span(text) else { throw fault("\(name) is a length of time, such as 14d or 36h") }
        return span
    }

    private static func score(_ json: JSON, _ name: String) throws -> Score {
        if let value = json.number { return Score(value: value) }
        guard let value = json["value"]?.number else {
            throw fault("\(name) is a number, or an object with 'value' and 'half_life'")
        }
        return Score(value: value, halfLife: try span(json["half_life"], "\(name).half_life"))
    }

    private static func history(_ members: [String: JSON], now: Timestamp) throws -> History {
        var events: [HistoryEvent] = []
        switch members["events"] {
        case nil, .null: break
        case .array(let elements):
            for (number, element) in elements.enumerated() {
                events.append(try event(element, "events[\(number)]", now: now))
            }
        default: throw fault("events is a list")
        }
        return History(events)
    }

    private static func event(_ json: JSON, _ name: String, now: Timestamp) throws -> HistoryEvent {
        guard let members = json.object, let event = try string(members["name"], "\(name).name") else {
            throw fault("\(name) is an object with a 'name'")
        }
        let known = ["name", "at", "ago", "id", "properties", "context"]
        for member in members.keys.sorted() where !known.contains(member) {
            throw fault("\(name).\(member) is not a member; there are \(known.joined(separator: ", "))")
        }
        let ago = try span(members["ago"], "\(name).ago") ?? .zero
        return HistoryEvent(
            at: try time(members["at"], "\(name).at") ?? now - ago,
            eventID: try string(members["id"], "\(name).id") ?? name, name: event,
            properties: try object(members, "properties"), context: try object(members, "context"))
    }
}

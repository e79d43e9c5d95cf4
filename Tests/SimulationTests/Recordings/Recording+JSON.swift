import Expressions
import JourneyProgram
import Model
import Workspaces

/// The kept form: a JSON document in which each look at a run stands on a line of its own.
extension Recording {
    var text: String {
        let files = files.sorted { $0.key < $1.key }.map { "\(JSON.string($0).text): \(JSON.string($1).text)" }
        return """
            {"files": {
            \(files.joined(separator: ",\n"))
            }, "takes": [
            \(takes.map(\.text).joined(separator: ",\n"))
            ]}

            """
    }

    init(text: String) throws {
        let json = try JSON(parsingDocument: Array(text.utf8))
        files = (json["files"]?.object ?? [:]).compactMapValues(\.string)
        takes = try json.list("takes").map { try Take($0) }
    }
}

extension Recording.Take {
    fileprivate var text: String {
        var head: [String: JSON] = [
            "name": .string(name), "start": .string(start.description), "end": .string(end.description),
            "contact": contact.json, "events": .array(events.map(\.json)),
        ]
        if lag > .zero { head["lag"] = .string(lag.description) }
        if let journey { head["journey"] = .string(journey) }
        let lines = [
            String(JSON.object(head).text.dropLast()) + ", \"looks\": [", looksText,
            "], \"told\": [", told.map { JSON.string($0).text }.joined(separator: ",\n"), "]}",
        ]
        return lines.joined(separator: "\n")
    }

    /// Of a run's state each look has what is other than at the look before.
    private var looksText: String {
        var states: [String: [String: JSON]] = [:]
        return looks.map { look in
            let state = look.state.json.object ?? [:]
            let before = states.updateValue(state, forKey: look.run) ?? [:]
            let gone = before.keys.filter { state[$0] == nil }.map { ($0, JSON.null) }
            let changed = state.filter { before[$0.key] != $0.value }
            return look.json(state: .object(changed.merging(gone) { first, _ in first })).text
        }.joined(separator: ",\n")
    }

    fileprivate init(_ json: JSON) throws {
        name = try json.string("name")
        (start, end) = (try json.time("start"), try json.time("end"))
        lag = json["lag"]?.string.flatMap { Span($0) } ?? .zero
        journey = json["journey"]?.string
        contact = try PlayedContact(json["contact"] ?? .null)
        events = try json.list("events").map { try PlayedEvent($0) }
        var states: [String: [String: JSON]] = [:]
        looks = try json.list("looks").map { look in
            let run = try look.string("run")
            let state = (states[run] ?? [:]).merging(look["state"]?.object ?? [:]) { $1 }.filter { $0.value != .null }
            states[run] = state
            return try Recording.Look(look, state: .object(state))
        }
        told = try json.list("told").compactMap(\.string)
    }
}

extension Recording.Look {
    fileprivate func json(state: JSON) -> JSON {
        var members: [String: JSON] = [
            "at": .string(at.description), "run": .string(run), "state": state,
            "effects": .array(effects.map { .string($0) }),
        ]
        if let input { members["input"] = .string(input) }
        if let wake { members["wake"] = .string(wake.description) }
        return .object(members)
    }

    fileprivate init(_ json: JSON, state: JSON) throws {
        at = try json.time("at")
        run = try json.string("run")
        input = json["input"]?.string
        effects = try json.list("effects").compactMap(\.string)
        self.state = try RunState(json: state)
        wake = try json["wake"].map { _ in try json.time("wake") }
    }
}

extension PlayedContact {
    fileprivate var json: JSON {
        var members: [String: JSON] = [
            "name": .string(name), "attributes": .object(attributes), "consents": .array(consents.map { .string($0) }),
            "suppressions": .array(suppressions.map { .string($0) }), "answers": .object(answers),
        ]
        if isHeldOut == true { members["hold_out"] = .bool(true) }
        if !variants.isEmpty { members["variants"] = .object(variants.mapValues { .string($0) }) }
        if !winners.isEmpty { members["winners"] = .object(winners.mapValues { .string($0) }) }
        return .object(members)
    }

    fileprivate init(_ json: JSON) throws {
        self.init(
            name: try json.string("name"), attributes: json["attributes"]?.object ?? [:],
            consents: try json.list("consents").compactMap(\.string),
            suppressions: try json.list("suppressions").compactMap(\.string))
        answers = json["answers"]?.object ?? [:]
        // What a test says holds whatever names hash to.
        isHeldOut = json["hold_out"] == .bool(true)
        variants = (json["variants"]?.object ?? [:]).compactMapValues(\.string)
        winners = (json["winners"]?.object ?? [:]).compactMapValues(\.string)
    }
}

extension PlayedEvent {
    fileprivate var json: JSON {
        var members: [String: JSON] = [
            "at": .string(event.at.description), "id": .string(event.eventID), "name": .string(event.name),
        ]
        if event.properties != .object([:]) { members["properties"] = event.properties }
        if event.context != .object([:]) { members["context"] = event.context }
        if !traits.isEmpty { members["traits"] = .object(traits) }
        return .object(members)
    }

    fileprivate init(_ json: JSON) throws {
        let event = HistoryEvent(
            at: try json.time("at"), eventID: try json.string("id"), name: try json.string("name"),
            properties: json["properties"] ?? .object([:]), context: json["context"] ?? .object([:]))
        self.init(event, traits: json["traits"]?.object ?? [:])
    }
}

extension JSON {
    fileprivate func string(_ key: String) throws -> String {
        guard let text = self[key]?.string else { throw RecordingError("a recording has no \"\(key)\"") }
        return text
    }

    fileprivate func time(_ key: String) throws -> Timestamp {
        guard let time = Timestamp(iso8601: try string(key)) else { throw RecordingError("\"\(key)\" is no instant") }
        return time
    }

    fileprivate func list(_ key: String) throws -> [JSON] {
        guard let elements = self[key]?.elements else { throw RecordingError("a recording has no \"\(key)\"") }
        return elements
    }

    fileprivate var elements: [JSON]? { if case .array(let elements) = self { elements } else { nil } }
}

import Expressions
import Model

/// Reads what happens in a test.
struct TestEventsReader {
    private static let kinds = ["track", "identify", "page", "request", "consent", "confirm", "refuse", "unsubscribe"]

    /// Of what is said of consent, the events.
    private static let names = [
        "consent": EventNames.consentGiven, "confirm": EventNames.consentConfirmed, "refuse": EventNames.consentDenied,
    ]

    private let inspection: Inspection
    private let workspace: Workspace
    private let clock: TestClock

    init(_ inspection: Inspection, _ workspace: Workspace, _ clock: TestClock) {
        self.inspection = inspection
        self.workspace = workspace
        self.clock = clock
    }

    /// Gives each contact its events, in order of time; those of one instant in the order in which they are written.
    func read(_ nodes: [YAMLNode], into contacts: inout [TestedContact]) {
        for (place, node) in nodes.enumerated() {
            let keys = ["at", "contact", "properties", "context", "id"] + Self.kinds
            guard let fields = Fields(node, of: "an event", keys: keys, in: inspection) else { continue }
            let at = fields.required("at", help: "such as 2d1h: so long after the start")
                .flatMap { clock.instant($0, "\"at\"", inspection) }
            guard let index = self.index(of: fields["contact"], in: contacts, at: node.place), let at else { continue }
            let number = String(place + 1)
            let id = "e" + String(repeating: "0", count: max(0, 6 - number.count)) + number
            for event in events(fields, at: at, id: fields["id"]?.text ?? id) { contacts[index].events.append(event) }
        }
        for index in contacts.indices {
            let events = contacts[index].events.enumerated().sorted {
                ($0.element.event.at, $0.offset) < ($1.element.event.at, $1.offset)
            }
            contacts[index].events = events.map(\.element)
        }
    }

    private func index(of node: YAMLNode?, in contacts: [TestedContact], at place: YAMLNode.Place) -> Int? {
        let names = contacts.map(\.contact.name)
        guard let node else {
            if names.count > 1 {
                inspection.report(
                    .missing, "the event names no \"contact\"", at: place,
                    help: "contacts are " + names.joined(separator: ", "))
            }
            return names.count == 1 ? 0 : nil
        }
        return inspection.reference(node, "contact", among: names, called: "contacts").flatMap {
            names.firstIndex(of: $0)
        }
    }

    private func events(_ fields: Fields, at: Timestamp, id: String) -> [PlayedEvent] {
        guard let (kind, value) = fields.one(of: Self.kinds) else { return [] }
        let properties = fields["properties"].map(\.json) ?? .object([:])
        let context = fields["context"].map(\.json) ?? .object([:])
        func event(_ name: String, _ properties: JSON) -> HistoryEvent {
            HistoryEvent(at: at, eventID: id, name: name, properties: properties, context: context)
        }
        switch kind {
        case "track": return inspection.event(value).map { [PlayedEvent(event($0, properties))] } ?? []
        case "page": return page(value, properties).map { [PlayedEvent(event(EventNames.pageViewed, $0))] } ?? []
        case "request":
            // What a server asks for by POST /v1/journeys.
            return inspection.reference(
                value, "journey with \"enter: {api: true}\"", among: workspace.journeysOnRequest, called: "journeys"
            ).map { [PlayedEvent(event(EventNames.entryRequested(into: $0), properties))] } ?? []
        case "identify":
            guard let traits = value.json.object else {
                inspection.report(
                    .invalid, "\"identify\" must be a mapping of attributes", at: value.place,
                    help: "such as {plan: pro}")
                return []
            }
            return [PlayedEvent(event(EventNames.identified, .object(traits)), traits: traits)]
        default:
            let nodes = value.elements ?? [value]
            let topics = nodes.compactMap {
                inspection.reference($0, "topic", among: workspace.topics.map(\.name), called: "topics")
            }
            return topics.enumerated().map { place, topic in
                PlayedEvent(
                    consent: topic, named: Self.names[kind] ?? EventNames.consentWithdrawn, at: at,
                    eventID: place == 0 ? id : "\(id)-\(place)")
            }
        }
    }

    /// A path or an address.
    private func page(_ node: YAMLNode, _ properties: JSON) -> JSON? {
        guard let text = inspection.text(node, "a page") else { return nil }
        var members = properties.object ?? [:]
        members[text.hasPrefix("/") ? "path" : "url"] = .string(text)
        return .object(members)
    }
}

import Contracts
import Model

/// Turns records about people into events: whatever changes facts goes the way that all events go, so that all promises
/// hold for it.
struct PeopleReading: Sendable {
    enum Kind: Sendable {
        case contacts
        case consents
    }

    /// Stands in the key of an event that gives no time; see `ItemReading`.
    private static let untimed = Timestamp(seconds: 0)
    private static let eventLimit = 32_768

    let kind: Kind
    let workspace: WorkspaceID
    let effect: AcceptedEvent.Effect
    /// When the import began.
    let receivedAt: Timestamp

    private static let contactColumns = [
        "user_id", "anonymous_ids", "emails", "email", "company_id", "company_since", "updated_at",
    ]
    private static let consentColumns = [
        "user_id", "anonymous_id", "email", "topic", "channel", "address", "state", "at", "source", "wording",
    ]

    /// - Throws: where a column is none of ours, or one is missing without which no record can be used.
    static func check(_ columns: [String], for kind: Kind) throws(RecordFault) {
        let known = kind == .contacts ? contactColumns : consentColumns
        let unknown = columns.first { !known.contains($0) && !(kind == .contacts && $0.hasPrefix("traits.")) }
        if let unknown {
            let attributes = kind == .contacts ? ", and traits.NAME for each attribute" : ""
            throw RecordFault(
                "there is no column \"\(unknown)\"; columns are \(known.joined(separator: ", "))\(attributes)")
        }
    }

    /// - Throws: where the columns of a table leave out what proves a consent.
    static func checkProof(_ columns: [String], for kind: Kind) throws(RecordFault) {
        guard kind == .consents else { return }
        let proof = [("at", "when"), ("source", "how"), ("wording", "what they were told")]
        let missing = proof.filter { !columns.contains($0.0) }
        guard missing.isEmpty else {
            let words = missing.map { "\($0.0) (\($0.1))" }.joined(separator: ", ")
            throw RecordFault("a consent is nothing without its proof: the columns \(words) are missing")
        }
    }

    /// - Parameter id: names the record: the same for the same row of the same file.
    func events(_ fields: RecordFields, id: String) throws(RecordFault) -> [AcceptedEvent] {
        switch kind {
        case .contacts: try contact(fields, id)
        case .consents: [try consent(fields, id)]
        }
    }

    // MARK: Contacts

    private func contact(_ fields: RecordFields, _ id: String) throws(RecordFault) -> [AcceptedEvent] {
        var names = try [fields.text("user_id")].compactMap(\.self).map { Identity(.user, $0) }
        names += try fields.texts("anonymous_ids").map { Identity(.anonymous, $0) }
        names += try (fields.addresses("emails") + [try fields.address("email")].compactMap(\.self)).map {
            Identity(.email, $0)
        }
        guard let subject = names.first else {
            throw RecordFault("user_id: is missing, and so are anonymous_ids and emails: nobody is named")
        }
        var traits: [String: JSON] = [:]
        for (column, value) in fields.fields where column.hasPrefix("traits.") {
            traits[String(column.dropFirst("traits.".count))] = value
        }
        if let email = try fields.address("email"), traits["email"] == nil { traits["email"] = .string(email) }
        if let email = traits["email"], email.string.map({ $0.utf8.count > 254 }) ?? true {
            throw RecordFault("traits.email: is not an e-mail address")
        }
        let time = try fields.time("updated_at")
        var events = [
            try event(
                .identify, EventNames.identified, "\(id)-identify", subject, at: time, .object(traits),
                aliases: names.dropFirst().filter { $0 != subject })
        ]
        if let company = try fields.text("company_id") {
            events.append(
                try event(
                    .group, EventNames.grouped, "\(id)-group", subject, at: try fields.time("company_since") ?? time,
                    .object(["group_id": .string(company)])))
        }
        return events
    }

    // MARK: Consents

    private func consent(_ fields: RecordFields, _ id: String) throws(RecordFault) -> AcceptedEvent {
        let user = try fields.text("user_id").map { Identity(.user, $0) }
        let anonymous = try fields.text("anonymous_id").map { Identity(.anonymous, $0) }
        let email = try fields.address("email").map { Identity(.email, $0) }
        guard let subject = user ?? anonymous ?? email else {
            throw RecordFault("user_id: is missing, and so are anonymous_id and email: nobody is named")
        }
        guard let topic = try fields.text("topic") else { throw RecordFault("topic: is missing") }
        let state = try fields.text("state") ?? "given"
        guard state == "given" || state == "withdrawn" else {
            throw RecordFault("state: is neither given nor withdrawn")
        }
        guard let at = try fields.time("at") else { throw RecordFault("at: when it was \(state) is missing") }
        let source = try fields.text("source")
        let wording = try fields.text("wording", limit: 8192)
        if state == "given", source == nil { throw RecordFault("source: how it was given is missing") }
        if state == "given", wording == nil { throw RecordFault("wording: what they were told is missing") }
        var properties: [String: JSON] = [
            "topic": .string(topic), "source": .string(ConsentStatement.importMark + (source ?? "unknown")),
        ]
        properties["channel"] = try fields.text("channel", limit: 64).map { .string($0) }
        properties["address"] = try fields.address("address").map { .string($0) }
        properties["wording"] = wording.map { .string($0) }
        let name = state == "given" ? EventNames.consentGiven : EventNames.consentWithdrawn
        return try event(.track, name, id, subject, at: at, .object(properties))
    }

    private func event(
        _ call: AcceptedEvent.Call, _ name: String, _ id: String, _ subject: Identity, at time: Timestamp?,
        _ properties: JSON, aliases: [Identity] = []
    ) throws(RecordFault) -> AcceptedEvent {
        let bytes = properties.serialized
        guard bytes.count <= Self.eventLimit else { throw RecordFault("it has more than \(Self.eventLimit) bytes") }
        return AcceptedEvent(
            workspace: workspace, eventID: id, call: call, subject: .identity(subject), aliases: aliases, name: name,
            sentTime: time ?? Self.untimed, at: time ?? receivedAt, receivedAt: receivedAt, trust: .server,
            effect: effect, properties: bytes)
    }
}

/// The events of a file of records.
struct PeopleFile: EventSource {
    private var file: RecordFile
    private let reading: PeopleReading
    private let digest: FileDigest
    private let skipped: Int

    /// - Parameter skipped: so many records at the beginning were brought by an earlier run.
    init(
        _ path: String, _ form: RecordOutput.Form, digest: FileDigest, reading: PeopleReading, skipping skipped: Int
    ) throws {
        let kind = reading.kind
        file = try RecordFile(path, form) { columns throws(RecordFault) in
            try PeopleReading.check(columns, for: kind)
            if form == .csv { try PeopleReading.checkProof(columns, for: kind) }
        }
        self.reading = reading
        self.digest = digest
        self.skipped = skipped
    }

    var position: Int { file.position }

    mutating func next() throws -> [EventFile.Row]? {
        guard let records = try file.next() else { return nil }
        return records.filter { $0.isBehind(skipped) }.flatMap { record -> [EventFile.Row] in
            do throws(RecordFault) {
                let fields = RecordFields(fields: try record.fields.get())
                return try reading.events(fields, id: digest.id(ofRow: record.row)).map { .event($0) }
            } catch {
                return [.rejected(record.rejection(error))]
            }
        }
    }
}

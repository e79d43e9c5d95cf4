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
    /// The topics whose consents are confirmed by mail: one that comes without its proof is asked for anew.
    var confirmed: Set<String> = []

    private static let contactColumns = [
        "user_id", "anonymous_ids", "emails", "email", "company_id", "company_since", "updated_at",
    ]
    private static let consentColumns =
        [
            "user_id", "anonymous_id", "email", "topic", "channel", "address", "state", "at", "source", "wording",
        ] + ConsentProof.Member.allCases.map(\.rawValue)
    /// Of what else is on record, all but what Loods works out.
    private static let proofColumns = ConsentProof.Member.allCases.filter { $0 != .wordingHash && $0 != .expiresAt }
        .map(
            \.rawValue)
    private static let states = ["given", "withdrawn", "denied", "pending"]

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
    func checkProof(_ columns: [String]) throws(RecordFault) {
        guard kind == .consents, confirmed.isEmpty else { return }
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
        guard Self.states.contains(state) else {
            throw RecordFault("state: is none of \(Self.states.joined(separator: ", "))")
        }
        let (at, source) = (try fields.time("at"), try fields.text("source"))
        var proof = try self.proof(fields)
        proof["wording"] = try fields.text("wording", limit: 8192).map { .string($0) }
        let missing = [
            at == nil ? "at: when it was \(state) is missing" : nil,
            state == "given" && source == nil ? "source: how it was given is missing" : nil,
            state == "given" && proof["wording"] == nil && proof["version"] == nil
                ? "wording: what they were told is missing" : nil,
        ].compactMap(\.self)
        var properties = proof
        properties["topic"] = .string(topic)
        properties["channel"] = try fields.text("channel", limit: 64).map { .string($0) }
        properties["address"] = try fields.address("address").map { .string($0) }
        let isAsked = state == "pending" || state == "given" && !missing.isEmpty && confirmed.contains(topic)
        if isAsked {
            guard confirmed.contains(topic) else {
                throw RecordFault("state: nobody confirms consent to \"\(topic)\", which has no double_opt_in")
            }
            // Whatever is known stays on record; the person is asked as if they had signed up now.
            properties["source"] = .string("import without proof" + (source.map { ": \($0)" } ?? ""))
            properties["unconfirmed"] = .bool(true)
            return try event(
                .track, EventNames.consentGiven, id, subject, at: nil, .object(properties), effect: .live)
        }
        if let fault = missing.first { throw RecordFault(fault) }
        properties["source"] = .string(ConsentStatement.importMark + (source ?? "unknown"))
        return try event(.track, Self.name(of: state), id, subject, at: at, .object(properties))
    }

    private func proof(_ fields: RecordFields) throws(RecordFault) -> [String: JSON] {
        var proof: [String: JSON] = [:]
        for column in Self.proofColumns {
            proof[column] = try fields.text(column, limit: ConsentProof.limit).map { .string($0) }
        }
        return proof
    }

    private static func name(of state: String) -> String {
        switch state {
        case "given": EventNames.consentGiven
        case "denied": EventNames.consentDenied
        default: EventNames.consentWithdrawn
        }
    }

    private func event(
        _ call: AcceptedEvent.Call, _ name: String, _ id: String, _ subject: Identity, at time: Timestamp?,
        _ properties: JSON, aliases: [Identity] = [], effect: AcceptedEvent.Effect? = nil
    ) throws(RecordFault) -> AcceptedEvent {
        let bytes = properties.serialized
        guard bytes.count <= Self.eventLimit else { throw RecordFault("it has more than \(Self.eventLimit) bytes") }
        return AcceptedEvent(
            workspace: workspace, eventID: id, call: call, subject: .identity(subject), aliases: aliases, name: name,
            sentTime: time ?? Self.untimed, at: time ?? receivedAt, receivedAt: receivedAt, trust: .server,
            effect: effect ?? self.effect, properties: bytes)
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
            if form == .csv { try reading.checkProof(columns) }
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

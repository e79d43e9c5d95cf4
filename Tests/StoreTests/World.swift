import Contracts
import Expressions
import Foundation
import Model
import Postgres
import Store
import TestSupport
import Testing

/// The workspace of all tests here.
let shop = WorkspaceID(rawValue: 7)

/// An instant to count from: 2026-01-01T12:00:00Z.
let noon = Timestamp(seconds: 1_767_268_800)

/// A contact by a name of its own.
func contact(_ name: String, in workspace: WorkspaceID = shop) -> ContactKey {
    ContactKey(workspace: workspace, contact: Identity(.user, name).subjectID(in: workspace))
}

/// An id by a name of its own.
func id(_ name: String) -> UniqueID { .derived("test", name) }

/// A message of the topic `newsletter`, planned at noon.
func message(_ name: String, to contact: ContactKey, run: UniqueID? = nil, topic: String? = "newsletter") -> Message {
    Message(
        contact: contact, id: id("message \(name)"), run: run ?? id("run \(name)"), journey: "welcome", step: "1",
        visit: 1, revision: 1, template: "hello", topic: topic, plannedAt: noon)
}

/// A run that has not ended.
func run(_ name: String, of contact: ContactKey, journey: String = "welcome", entryKey: String = "") -> Run {
    Run(
        contact: contact, id: id("run \(name)"), journey: journey, journeyVersion: 1, entryKey: entryKey,
        entry: .init(at: noon, eventID: "e"), enteredAt: noon, state: .object([:]))
}

/// An event of a subject, by default with a timestamp of its own.
func event(
    _ eventID: String, of subject: ContactKey, name: String = "Page Viewed", sent: Timestamp? = noon,
    received: Timestamp = noon + .seconds(1)
) -> AcceptedEvent {
    AcceptedEvent(
        workspace: subject.workspace, eventID: eventID, call: .track, subject: .id(subject.contact), name: name,
        sentTime: sent, at: sent ?? received, receivedAt: received, trust: .server)
}

/// A line of the consent ledger.
func consent(
    _ state: Consents.Entry.State, of contact: ContactKey, topic: String = "newsletter",
    address: String = "anne@example.com", at: Timestamp = noon, eventID: String = "c"
) -> Consents.Entry {
    Consents.Entry(
        contact: contact, topic: topic, address: address, at: at, eventID: eventID, state: state, wording: nil,
        source: "test")
}

extension PostgresSession {
    /// Makes contacts as the audience does.
    func make(_ contacts: [ContactKey]) throws {
        try Identities.ensure(
            [], subjects: Dictionary(uniqueKeysWithValues: contacts.map { ($0, nil as Identity?) }), now: noon, in: self
        )
    }

    /// The only value of a statement's only row.
    func value<Value: PostgresDecodable>(_ query: Query, as type: Value.Type = Value.self) throws -> Value {
        let rows = try self.query(query)
        return try #require(rows.first)[0, as: type]
    }

    /// What a message's row says of its state.
    func state(of message: Message) throws -> String {
        try value("select state from messages where message_id = \(message.id)")
    }

    /// Whether a run has been told that a verdict waits.
    func isRung(_ run: UniqueID) throws -> Bool {
        try value("select exists (select from timers where run_id = \(run) and kind = 'verdict')")
    }

    /// Claims what is due for a contact as a mailer does: the lock first, then what it guards.
    ///
    /// - Returns: what the ledger let through.
    func claim(
        _ contact: ContactKey, under claim: UniqueID, now: Timestamp = noon, machineNow: Timestamp = noon,
        expiresAt: Timestamp = noon + .minutes(1), validUntil: Timestamp = .distantFuture, isResendable: Bool = false
    ) throws -> [Claims.Claimed] {
        let epochs = try SendStates.lock([contact], in: self)
        let due = try Claims.due(of: [contact], epochs: epochs, now: now, machineNow: machineNow, in: self)
        let topics = try Consents.current(of: [contact], in: self)[contact, default: []]
            .topics(givenAt: "anne@example.com")
        var allowed = due.filter { claimed in claimed.message.topic.map(topics.contains) ?? true }
        for index in allowed.indices { allowed[index].mayResend = isResendable && !allowed[index].isResent }
        try Claims.open(claim, of: allowed, mailer: "test", expiresAt: expiresAt, in: self)
        try Claims.claim(
            allowed.map { (claimed: $0, address: "anne@example.com", validUntil: validUntil) }, under: claim, in: self)
        return allowed
    }
}

/// Holds a transaction open on another connection while `body` runs.
func whileOpen<R: Sendable>(
    on pool: PostgresPool, _ transaction: @escaping @Sendable (PostgresSession) throws -> Void,
    _ body: () async throws -> R
) async throws -> R {
    let (entered, entry) = AsyncStream.makeStream(of: Void.self)
    let gate = DispatchSemaphore(value: 0)
    async let done: Void = pool.withTransaction { session in
        defer { entry.finish() }
        try session.execute("set local idle_in_transaction_session_timeout = 0")
        try transaction(session)
        entry.yield()
        // Blocks the connection's own thread, no other.
        gate.wait()
    }
    for await _ in entered { break }
    let result: Result<R, any Error>
    do { result = .success(try await body()) } catch { result = .failure(error) }
    gate.signal()
    try await done
    return try result.get()
}

extension Claims {
    /// Releases what has run out by one clock, as a mailer does that has seen its claims stand still.
    static func releaseRunOut(
        before instant: Timestamp, now: Timestamp, in session: PostgresSession
    ) throws -> Doubtful {
        let leases = try leases(in: session).filter { $0.value < instant }
        return try release(leases, machineNow: instant, now: now, in: session)
    }
}

import CrashPoints
import Contracts
import Foundation
import Messaging
import Model
import Postgres
import ServiceRuntime
import Store
import Transit

/// Erases contacts of one workspace.
struct Erasing: Sendable {
    /// What an erasure did; nothing of it says who.
    struct Result: Sendable {
        var id: UniqueID
        var removed: [String: Int64]
    }

    let workspace: WorkspaceRegister.Entry
    let pool: PostgresPool
    let key: ErasureKey

    private var cell: CommandStore { CommandStore(pool: pool, standing: .cell) }

    /// The contact that a text names; nil where it names none.
    func find(_ text: String) async throws -> ContactKey? {
        let workspace = workspace
        return try await CommandStore(pool: pool, standing: .workspace(workspace.name)).transaction { session in
            let found = try ContactDirectory.find(text, in: workspace.id, session: session)
            return found.isEmpty ? nil : try ContactDirectory.only(text, in: workspace, session: session)
        }
    }

    /// Erases a contact, or whoever the text names by then where it merges meanwhile.
    func erase(_ contact: ContactKey, or text: String) async throws -> Result {
        var contact = contact
        for _ in 0..<10 {
            do { return try await erase(contact) } catch StoreError.mergedMeanwhile {
                guard let found = try await find(text) else { break }
                contact = found
            }
        }
        throw StoreError.mergedMeanwhile
    }

    /// Erases a contact.
    ///
    /// - Parameter instant: when it was erased already, by a store that was restored since; nil: now, and the broker is told.
    /// - Throws: `StoreError.mergedMeanwhile` where it has merged into another.
    func erase(_ contact: ContactKey, asOf instant: Timestamp? = nil) async throws -> Result {
        let (key, id, asker, machineNow) = (key, UniqueID.random(), NSUserName(), MachineClock.host.now)
        let pending = try await cell.transaction { session in
            let clock = try DomainClock.reading(in: session)
            let pending = try Erasures.begin(
                with: contact, by: key, askedBy: asker, id: id, now: instant ?? clock.now, in: session)
            if instant == nil, let record = pending.record {
                try Outbox.add([record.row], clock: clock.mode, machineNow: machineNow, in: session)
            }
            CrashPoint.erasureBeforeCommit.pass()
            return pending
        }
        CrashPoint.erasureAfterCommit.pass()
        return try await goOn(with: pending)
    }

    /// Ends the erasures that were interrupted.
    func resume() async throws -> [Result] {
        let workspace = workspace.id
        var results: [Result] = []
        for pending in try await cell.transaction({ try Erasures.unfinished(in: workspace, session: $0) }) {
            results.append(try await goOn(with: pending))
        }
        return results
    }

    /// Goes through what waits in the store. Bodies of before the erasure only become fewer, so it does not matter where an
    /// earlier run stopped.
    private func goOn(with pending: Erasures.Pending) async throws -> Result {
        var pending = pending
        for shelf in Erasures.Shelf.allCases {
            var place: UniqueID?
            repeat {
                (pending, place) = try await cell.transaction { [pending, place] session in
                    var pending = pending
                    let next = try Erasures.sweep(shelf, behind: place, &pending, in: session)
                    return (pending, next)
                }
                CrashPoint.erasureAfterSweep.pass()
            } while place != nil
        }
        let done = pending
        try await cell.transaction { session in
            try Erasures.finish(done, now: try DomainClock.read(in: session), in: session)
            CrashPoint.erasureBeforeEnd.pass()
        }
        CrashPoint.erasureAfterEnd.pass()
        return Result(id: done.id, removed: done.removed)
    }

    /// - Throws: `ExitFault` where the text names nobody who was ever here.
    func refuseUnlessErased(_ text: String) async throws {
        let (key, id) = (key, workspace.id)
        var subjects = Identity.Kind.allCases.map {
            ContactKey(workspace: id, contact: Identity($0, text).subjectID(in: id))
        }
        if let contact = UniqueID(text) { subjects.append(ContactKey(workspace: id, contact: contact)) }
        let (names, graves) = (subjects, text)
        let erasedAt = try await cell.transaction { session in
            let subjects = try Tombstones.of(names, by: key, in: session).values.max()
            let address = try Tombstones.orders(for: [(workspace: id, address: graves)], by: key, in: session)[id]
            return subjects ?? address?.values.map(\.erasedAt).max()
        }
        guard let erasedAt else {
            throw ExitFault(
                code: .failures,
                message: "nobody in workspace \(workspace.name) is known as \"\(Console.safe(text))\"")
        }
        Console.note("erased already, at \(erasedAt)")
    }
}

extension ErasureRecord {
    /// What brings the record to the broker, where it outlasts a restore of the store.
    fileprivate var row: Outbox.Row {
        Outbox.Row(
            id: .random(), queue: QueueName.erasures.rawValue, lane: Lane.live.rawValue, body: encoded)
    }
}

extension Erasing.Result {
    var sentence: String {
        let tables = removed.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.grouped)" }.joined(separator: ", ")
        return "erased; removed from \(tables.isEmpty ? "nothing" : tables)  (erasure \(id))"
    }

    var json: JSON {
        .object(["erasure": .string(id.description), "removed": .object(removed.mapValues { .int($0) })])
    }
}

import ArgumentParser
import CrashPoints
import Foundation
import Model
import Postgres
import ServiceRuntime
import Store
import Transit

struct EraseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "erase", abstract: "Erase a person: from every table, and from everything that waits.",
        discussion: """
            Everything that the store holds of the contact goes, in one transaction: names, attributes, events, scores, \
            consents, runs, messages. Then bodies that wait in the store or were set aside are gone through; what is in a queue \
            by then is dropped when it arrives.

            What stays is a keyed hash of the names and addresses (LOODS_ERASURE_SECRET, the same in scoring, mailer and here): \
            so that a retry, a replay or an import brings nothing back that was before, and mail to the address stays \
            stopped. Whoever comes back afterwards is somebody new; marketing waits for a new consent.

            Interrupted, it is given again: loods erase --resume ends what was begun. After a restore of the store from before \
            an erasure, erase again whom your own record of requests names.
            """)

    @Argument(help: "An e-mail, a user id, an anonymous id or a contact's id.")
    var contact: String?
    @Flag(help: "Go on with erasures that were interrupted.")
    var resume = false
    @Flag(help: "Do not ask.")
    var yes = false
    @OptionGroup var workspace: WorkspaceOption
    @OptionGroup var format: FormatOption

    func validate() throws {
        guard (contact != nil) != resume else { throw ValidationError("Name a contact, or give --resume.") }
    }

    func run() async throws {
        let (choice, contact) = (try workspace.choice(), contact)
        let (database, key) = try Settings.read { reader in
            let database = Settings.databaseURL(&reader)
            let key = reader.erasureKey()
            reader.readCrashPlan()
            if key == nil, reader.faults.isEmpty {
                reader.fault("LOODS_ERASURE_SECRET", "missing: erased people are known again by it alone")
            }
            return (database, key)
        }
        guard let key else { return }
        let results = try await PostgresPool.lend(database) { pool in
            let entry = try await pool.withTransaction { try choice.enter(in: $0) }
            let erasing = Erasing(workspace: entry, pool: pool, key: key)
            var results = try await erasing.resume()
            if let contact {
                if let known = try await erasing.find(contact) {
                    try confirm(contact)
                    results.append(try await erasing.erase(known, or: contact))
                } else if results.isEmpty {
                    try await erasing.refuseUnlessErased(contact)
                }
            }
            return results
        }
        if format.json { return Console.show(.array(results.map(\.json))) }
        if results.isEmpty { print(resume ? "there is nothing to go on with" : "nothing was left to erase") }
        for result in results { print(result.sentence) }
    }

    private func confirm(_ contact: String) throws {
        guard !yes else { return }
        guard Console.canAsk else {
            throw ExitFault(code: .settings, message: "nobody is there to ask: erase with --yes")
        }
        print("Erase everything about \"\(Console.safe(contact))\", for ever? [y/N] ", terminator: "")
        guard readLine()?.lowercased().hasPrefix("y") == true else {
            throw ExitFault(code: .failures, message: "nothing was erased")
        }
    }
}

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
        let (key, id, asker) = (key, UniqueID.random(), NSUserName())
        var contact = contact
        for _ in 0..<10 {
            do {
                let pending = try await cell.transaction { [contact] session in
                    let pending = try Erasures.begin(
                        with: contact, by: key, askedBy: asker, id: id, now: try DomainClock.read(in: session),
                        in: session)
                    CrashPoint.erasureBeforeCommit.pass()
                    return pending
                }
                CrashPoint.erasureAfterCommit.pass()
                return try await goOn(with: pending)
            } catch StoreError.mergedMeanwhile {
                guard let found = try await find(text) else { break }
                contact = found
            }
        }
        throw StoreError.mergedMeanwhile
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

extension Erasing.Result {
    fileprivate var sentence: String {
        let tables = removed.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.grouped)" }.joined(separator: ", ")
        return "erased; removed from \(tables.isEmpty ? "nothing" : tables)  (erasure \(id))"
    }

    fileprivate var json: JSON {
        .object(["erasure": .string(id.description), "removed": .object(removed.mapValues { .int($0) })])
    }
}

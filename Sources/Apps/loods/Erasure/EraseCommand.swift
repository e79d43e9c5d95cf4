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
            stopped. Whoever comes back afterwards is somebody new; marketing waits for a new consent. Under the hash of the \
            address it is kept for three years that, when and how consent was given and withdrawn: loods consent show.

            Interrupted, it is given again: loods erase --resume ends what was begun. RabbitMQ keeps the hashes too: in a store \
            that was restored to a time before an erasure, loods fence erases again, and so does loods erase --again.
            """)

    @Argument(help: "An e-mail, a user id, an anonymous id or a contact's id.")
    var contact: String?
    @Flag(help: "Go on with erasures that were interrupted.")
    var resume = false
    @Flag(help: "Erase again, in all workspaces, who is back since the store was restored.")
    var again = false
    @Flag(help: "Do not ask.")
    var yes = false
    @OptionGroup var workspace: WorkspaceOption
    @OptionGroup var format: FormatOption

    func validate() throws {
        guard [contact != nil, resume, again].count(where: { $0 }) == 1 else {
            throw ValidationError("Name a contact, or give --resume or --again.")
        }
    }

    func run() async throws {
        if again { return try await eraseAgain() }
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
        show(results, orElse: resume ? "there is nothing to go on with" : "nothing was left to erase")
    }

    private func eraseAgain() async throws {
        let (database, broker, key) = try Settings.read {
            (Settings.databaseURL(&$0), Settings.brokerURL(&$0), $0.erasureKey())
        }
        let records = try await ErasingAgain.records(try Settings.broker(broker))
        let results = try await PostgresPool.lend(database) { pool in
            try await ErasingAgain(pool: pool, key: key).erase(records)
        }
        show(results, orElse: "nobody is back of \(records.count.counted("erasure"))")
    }

    private func show(_ results: [Erasing.Result], orElse sentence: String) {
        if format.json { return Console.show(.array(results.map(\.json))) }
        if results.isEmpty { print(sentence) }
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

import ArgumentParser
import Contracts
import Messaging
import Model
import Postgres
import ServiceRuntime
import Store
import Transit

extension ContactsCommand {
    struct Object: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Record that a contact objects to profiling, or no longer does.",
            discussion: """
                Whoever objects has no scores and is in no segment. It is kept in the ledger of consents under the topic \
                "profiling", across merges; the event Consent Withdrawn with {"topic": "profiling"} by a server key says the \
                same, and Consent Given takes it back: then scores are counted from the log again.
                """)

        @Argument(help: "An e-mail, a user id or a contact's id.")
        var contact: String
        @Flag(help: "The contact objects no longer.")
        var undo = false
        @OptionGroup var workspace: WorkspaceOption

        func run() async throws {
            let (choice, contact, undo) = (try workspace.choice(), contact, undo)
            let (database, broker) = try Settings.read { (Settings.databaseURL(&$0), Settings.brokerURL(&$0)) }
            try await PostgresPool.lend(database) { pool in
                let (entry, event, mode) = try await pool.withTransaction { session in
                    let entry = try choice.enter(in: session)
                    let key = try ContactDirectory.only(contact, in: entry, session: session)
                    let clock = try DomainClock.reading(in: session)
                    return (entry, Self.statement(of: key, given: undo, at: clock.now), clock.mode)
                }
                try await Publisher.lend(broker) { publisher in
                    let publishing = BulkPublishing(
                        publisher: publisher, store: CommandStore(pool: pool, standing: .workspace(entry.name)),
                        mode: mode)
                    _ = try await publishing.publish(EventBodies.Body(id: .random(), events: [event]), lane: .live)
                }
            }
            print(undo ? "recorded: no objection to profiling any more" : "recorded: objects to profiling")
        }

        private static func statement(of contact: ContactKey, given: Bool, at now: Timestamp) -> AcceptedEvent {
            AcceptedEvent(
                workspace: contact.workspace, eventID: "objection-\(UniqueID.random())", call: .track,
                subject: .id(contact.contact), name: given ? EventNames.consentGiven : EventNames.consentWithdrawn,
                sentTime: now, at: now, receivedAt: now, trust: .system,
                properties: JSON.object([
                    "topic": .string(EventNames.profilingTopic), "source": .string("command line"),
                ]).serialized)
        }
    }
}

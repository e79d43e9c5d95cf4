import ArgumentParser
import Contracts
import Messaging
import Model
import Postgres
import ServiceRuntime
import Store
import Transit

struct SetAsideCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set-aside", abstract: "What was taken out of the flow, why, and its way back.",
        subcommands: [List.self, Show.self, Replay.self])
}

extension SetAsideCommand {
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List what is set aside.")

        @Flag(help: "What has been replayed as well.")
        var all = false
        @OptionGroup var scope: ScopeOption
        @OptionGroup var format: FormatOption

        func run() async throws {
            let all = all
            let items = try await withStore(scope.standing()) { try SetAside.list(all: all, in: $0) }
            if format.json { return Console.show(.array(items.map { $0.json(withBody: false) })) }
            for item in items {
                let replayed = item.replayedAt.map { "   replayed \($0)" } ?? ""
                print(
                    "\(item.shortID)   \(item.setAsideAt)   \(item.queue) \(item.lane)   \(Console.safe(item.reason))\(replayed)"
                )
            }
            if items.isEmpty { Console.note("nothing is set aside") }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show one item with what it holds.")

        @Argument(help: "The item's id, or how it begins.")
        var id: String
        @OptionGroup var scope: ScopeOption
        @OptionGroup var format: FormatOption

        func run() async throws {
            let id = id
            let item = try await withStore(scope.standing()) { try SetAside.only(id, in: $0) }
            if format.json { return Console.show(item.json(withBody: true)) }
            print("id         \(item.id)")
            print("queue      \(item.queue), lane \(item.lane)")
            print("set aside  \(item.setAsideAt), after \(Int(item.attempts).counted("attempt"))")
            print("reason     \(Console.safe(item.reason))")
            for attempt in item.history { print("tried      \(attempt.at)  \(attempt.worker)  \(attempt.what)") }
            if let replayedAt = item.replayedAt { print("replayed   \(replayedAt)") }
            print("body       \(item.body.count.counted("byte"))")
            for line in item.content { print("  \(Console.safe(line))") }
        }
    }

    struct Replay: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Send items back into the flow, to the queue and lane that they came from.",
            discussion: "An item that still cannot be handled is set aside again.")

        @Argument(help: "The item's id, or how it begins.")
        var id: String?
        @Flag(help: "Everything that is set aside.")
        var all = false
        @OptionGroup var scope: ScopeOption
        @OptionGroup var format: FormatOption

        func validate() throws {
            if (id != nil) == all { throw ValidationError("Name one item, or give --all.") }
        }

        func run() async throws {
            let id = id
            let (database, broker) = try Settings.read { (Settings.databaseURL(&$0), Settings.brokerURL(&$0)) }
            let standing = try scope.standing()
            let count = try await PostgresPool.lend(database) { pool in
                let store = CommandStore(pool: pool, standing: standing)
                let (items, mode) = try await store.transaction { session in
                    let items = try id.map { [try SetAside.only($0, in: session)] }
                    return (
                        try items ?? SetAside.list(all: false, in: session), try DomainClock.reading(in: session).mode
                    )
                }
                return try await Publisher.lend(broker) { publisher in
                    let replaying = Replaying(store: store, publisher: publisher, mode: mode)
                    for item in items { try await replaying.replay(item) }
                    return items.count
                }
            }
            if format.json { return Console.show(.object(["replayed": .int(Int64(count))])) }
            print("\(count.counted("item")) replayed")
        }
    }
}

extension SetAside {
    /// The one item whose id begins so.
    fileprivate static func only(_ prefix: String, in session: PostgresSession) throws -> Item {
        let items = try find(prefix: prefix.lowercased(), in: session)
        guard let item = items.first else {
            throw ExitFault(code: .failures, message: "nothing set aside has an id that begins with \"\(prefix)\"")
        }
        guard items.count == 1 else {
            throw ExitFault(code: .failures, message: "several ids begin with \"\(prefix)\"; give more of it")
        }
        return item
    }
}

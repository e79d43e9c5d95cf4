import ArgumentParser
import Crypto
import Model
import ServiceRuntime
import Store

struct KeysCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "Write keys: by which senders of events are known.",
        subcommands: [Create.self, List.self, Limit.self, Revoke.self])
}

extension KeysCommand {
    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a key and print it; it is shown only this once.",
            discussion:
                "A server key is kept on a server and trusted; a public key stands in pages that anybody can read.")

        @Option(help: "server or public.", transform: Self.kind)
        var kind: Keys.Kind
        @Option(help: "What the key is called; server or public by default, with a number where that is taken.")
        var name: String?
        @Option(help: "Events a second that it may bring, over all ingest processes; as many as come by default.")
        var rate: Int64?
        @Option(help: "The key itself, instead of a fresh one.")
        var key: String?
        @OptionGroup var workspace: WorkspaceOption

        private static func kind(_ text: String) throws -> Keys.Kind {
            guard let kind = Keys.Kind(rawValue: text) else {
                throw ValidationError("A key is of kind server or public.")
            }
            return kind
        }

        func validate() throws {
            try KeysCommand.check(rate)
            guard let key else { return }
            guard (8...200).contains(key.utf8.count), key.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x3A })
            else {
                throw ValidationError("A key has 8 to 200 printable ASCII characters and no colon.")
            }
        }

        func run() async throws {
            let text = key ?? FreshKey.make()
            let hash = Array(SHA256.hash(data: Array(text.utf8)))
            let (choice, kind, name, rate) = (try workspace.choice(), kind, name, rate)
            try await withWorkspace(choice) { workspace, session in
                try NewKey(hash: hash, name: name, kind: kind, rate: rate).add(to: workspace.id, in: session)
            }
            print(text)
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the keys, without the keys themselves.")

        @OptionGroup var workspace: WorkspaceOption
        @OptionGroup var format: FormatOption

        func run() async throws {
            let choice = try workspace.choice()
            let keys = try await withWorkspace(choice) { try Keys.list(of: $0.id, in: $1) }
            if format.json { return Console.show(.array(keys.map(\.json))) }
            let width = keys.map(\.name.count).max() ?? 0
            let rates = keys.map { key in key.rate.map { "\($0.grouped)/s" } ?? "" }
            let rateWidth = rates.map(\.count).max() ?? 0
            for (key, rate) in zip(keys, rates) {
                let end = key.revokedAt.map { "   revoked \($0)" } ?? ""
                let limit = rateWidth == 0 ? "" : rate.padded(to: rateWidth) + "   "
                print(
                    "\(key.name.padded(to: width))   \(key.kind.rawValue.padded(to: 6))   \(limit)made \(key.createdAt)\(end)"
                )
            }
            if keys.isEmpty { Console.note("there is no key yet; loods keys create --kind server makes one") }
        }
    }

    struct Limit: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Set how much a key may bring.", discussion: "Edges hear of it within a minute.")

        @Argument(help: "The key's name.")
        var name: String
        @Option(help: "Events a second over all ingest processes, or none.", transform: QuotaCommand.limit)
        var rate: Int64?
        @OptionGroup var workspace: WorkspaceOption

        func validate() throws { try KeysCommand.check(rate) }

        func run() async throws {
            let (choice, name, rate) = (try workspace.choice(), name, rate)
            let isLimited = try await withWorkspace(choice) { workspace, session in
                try Keys.limit(name, to: rate, of: workspace.id, in: session)
            }
            guard isLimited else { throw KeysCommand.unknown(name) }
            print(rate.map { "\(name) may bring \($0.counted("event")) a second" } ?? "\(name) has no limit")
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "End a key.", discussion: "Edges honour a key that they know for up to a minute more.")

        @Argument(help: "The key's name.")
        var name: String
        @OptionGroup var workspace: WorkspaceOption

        func run() async throws {
            let (choice, name) = (try workspace.choice(), name)
            let isRevoked = try await withWorkspace(choice) { workspace, session in
                try Keys.revoke(name, of: workspace.id, now: DomainClock.read(in: session), in: session)
            }
            guard isRevoked else { throw KeysCommand.unknown(name) }
            print("\(name) is revoked; edges that know it honour it for up to a minute more")
        }
    }
}

extension KeysCommand {
    fileprivate static func check(_ rate: Int64?) throws {
        guard let rate, !(1...10_000_000).contains(rate) else { return }
        throw ValidationError("A rate is between 1 and 10,000,000 events a second.")
    }

    fileprivate static func unknown(_ name: String) -> ExitFault {
        ExitFault(code: .failures, message: "there is no valid key named \"\(name)\"; see loods keys list")
    }
}

extension Keys.Listed {
    fileprivate var json: JSON {
        .object([
            "name": .string(name), "kind": .string(kind.rawValue), "rate": rate.map { .int($0) } ?? .null,
            "created_at": .string(createdAt.description),
            "revoked_at": revokedAt.map { .string($0.description) } ?? .null,
        ])
    }
}

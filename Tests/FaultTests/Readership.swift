import Contracts
import Foundation
import Laboratory
import Links
import Messaging
import Model
import Postgres
import Store
import TestSupport
import Testing

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// Contacts that consent to a topic, each with a mail of it in the past, whose link they use, and one to come.
struct Readership: Sendable {
    /// What a one-click request was answered.
    struct Answer: Sendable {
        var number: Int
        var isApplied: Bool
        /// By the host's clock, before the first byte of the request and after the last of the answer.
        var askedAt: Date
        var answeredAt: Date
    }

    /// What became of the mail that was to come.
    struct End: Sendable {
        var state: String
        var handedAt: Date?
    }

    /// Contacts whose mails are planned at once.
    private static let round = 40
    private static let step = "news"

    private let cluster: Cluster
    private let workspace: WorkspaceID
    private let count: Int
    private let signer: LinkSigner
    private let session: URLSession

    init(of count: Int, in cluster: Cluster) async throws {
        self.cluster = cluster
        self.count = count
        signer = try LinkSigner(secrets: [LinkSecret(id: "k1", bytes: Array(repeating: 7, count: 32))])
        let settings = URLSessionConfiguration.ephemeral
        settings.httpMaximumConnectionsPerHost = Self.round * 2
        session = URLSession(configuration: settings)
        workspace = try await cluster.stage.database.pool.withTransaction { session in
            try WorkspaceRegister.lock("shop", in: session).id
        }
        for start in stride(from: 0, to: count, by: 1_000) {
            try await know(start..<min(start + 1_000, count))
        }
    }

    private func contact(_ number: Int) -> ContactKey {
        ContactKey(workspace: workspace, contact: Identity(.user, "user-\(number)").subjectID(in: workspace))
    }

    private func message(_ number: Int, _ step: String, now: Timestamp) -> Message {
        Message(
            contact: contact(number), id: .derived("trial", step, "\(number)"), run: .derived("trial run", "\(number)"),
            journey: "first", step: step, visit: 1, revision: 1, template: "offer", topic: "offers", plannedAt: now)
    }

    /// Makes contacts as scoring does, with a mail that they had.
    private func know(_ numbers: Range<Int>) async throws {
        try await cluster.stage.database.pool.withTransaction { session in
            let now = try DomainClock.read(in: session)
            let names = numbers.map { Identity(.user, "user-\($0)") }
            let keys = numbers.map(contact)
            try Identities.ensure(
                zip(names, keys).map { Identities.Claim(workspace: workspace, identity: $0, subject: $1.contact) },
                subjects: Dictionary(uniqueKeysWithValues: zip(keys, names.map(Optional.some))), now: now, in: session)
            var states = try Contacts.states(of: keys, in: session)
            for number in numbers {
                states[contact(number)]?.attributes = ["email": .string(Shop.address(number))]
            }
            try Contacts.describe(Array(states.values), in: session)
            let consents = numbers.map { number in
                Consents.Entry(
                    contact: contact(number), topic: "offers", address: Shop.address(number), at: now - .days(1),
                    eventID: "yes", state: .given, wording: "Yes", source: "form")
            }
            try Consents.append(consents, now: now, in: session)
            try Messages.plan(numbers.map { message($0, "earlier", now: now) }, machineNow: now, in: session)
            _ = try session.execute(
                """
                update messages m
                set state = 'accepted', address = c.attributes ->> 'email', look_at = null, handed_at = \(now),
                    final_at = \(now)
                from contacts c
                where c.workspace_id = m.workspace_id and c.contact_id = m.contact_id and m.step = 'earlier'
                    and m.state = 'planned'
                """)
        }
    }

    // MARK: The broadcast, and who wants no more of it

    /// Plans the mails round by round, and has each contact unsubscribe just then.
    func withdrawWhileItGoesOut() async throws -> [Answer] {
        let publisher = Publisher(cluster.stage.broker.configuration, logger: TestEnvironment.quiet)
        var answers: [Answer] = []
        var spread = Duration.milliseconds(150)
        var dice = Dice(seed: FaultLevel.seed)
        for start in stride(from: 0, to: count, by: Self.round) {
            let numbers = start..<min(start + Self.round, count)
            try await plan(numbers, publisher)
            let delays = numbers.map { _ in spread * Double.random(in: 0...1, using: &dice) }
            answers += try await withThrowingTaskGroup(of: Answer.self) { group in
                for (number, delay) in zip(numbers, delays) {
                    group.addTask {
                        var pace = Pace(every: delay)
                        try await pace.next()
                        return try await unsubscribe(number)
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            let handed = try await handed(numbers)
            if handed * 5 > numbers.count * 3 { spread = max(spread * 0.85, .milliseconds(2)) }
            if handed * 5 < numbers.count * 2 { spread = min(spread * 1.2, .seconds(10)) }
        }
        await publisher.close()
        return answers
    }

    private func plan(_ numbers: Range<Int>, _ publisher: Publisher) async throws {
        let messages = try await cluster.stage.database.pool.withTransaction { session in
            let now = try DomainClock.read(in: session)
            let messages = numbers.map { message($0, Self.step, now: now) }
            try Messages.plan(messages, machineNow: now, in: session)
            return messages
        }
        let hints = MessageHints(hints: messages.map { MessageHints.Hint(contact: $0.contact, message: $0.id) })
        try await publisher.publish(hints.encoded, to: .messages, lane: .live)
    }

    /// How many mails of a round have been handed over by now.
    private func handed(_ numbers: Range<Int>) async throws -> Int {
        try await cluster.count(
            """
            select count(*) from messages
            where workspace_id = \(workspace) and contact_id = any(\(numbers.map { contact($0).contact }))
                and step = \(Self.step) and handed_at is not null
            """)
    }

    private func unsubscribe(_ number: Int) async throws -> Answer {
        let origin = LinkOrigin(contact: contact(number), message: .derived("trial", "earlier", "\(number)"))
        let token = try signer.sign(.unsubscribe(origin, topic: "offers"))
        var request = URLRequest(url: try #require(URL(string: "\(cluster.ingest)/u/\(token)")))
        request.httpMethod = "POST"
        request.httpBody = Data("List-Unsubscribe=One-Click".utf8)
        let askedAt = Date()
        let (data, response) = try await session.data(for: request)
        let answeredAt = Date()
        #expect((response as? HTTPURLResponse)?.statusCode == 200, "\(String(decoding: data, as: UTF8.self))")
        return Answer(
            number: number, isApplied: String(decoding: data, as: UTF8.self).hasPrefix("applied"), askedAt: askedAt,
            answeredAt: answeredAt)
    }

    // MARK: What came of it

    /// By the contacts' numbers, what became of the mails.
    func ends() async throws -> [Int: End] {
        let numbers = Dictionary(
            uniqueKeysWithValues: (0..<count).map { (UniqueID.derived("trial", Self.step, "\($0)"), $0) })
        return try await cluster.stage.database.pool.withConnection { session in
            let rows = try session.query("select message_id, state, handed_at from messages where step = \(Self.step)")
            return try rows.reduce(into: [:]) { ends, row in
                let (id, state, handedAt) = try row.decode((UniqueID.self, String.self, Timestamp?.self))
                guard let number = numbers[id] else { return }
                ends[number] = End(
                    state: state,
                    handedAt: handedAt.map { Date(timeIntervalSince1970: Double($0.microseconds) / 1_000_000) })
            }
        }
    }
}

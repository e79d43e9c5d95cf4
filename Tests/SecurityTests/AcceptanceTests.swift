import Contracts
import Foundation
import Model
import Postgres
import Store
import TestSupport
import Testing

@testable import Ingestion

/// Whatever the edge accepts the store takes, and keeps.
@Suite struct AcceptanceTests {
    /// `LOODS_TEST_SEED` plays another run.
    static let seed = ProcessInfo.processInfo.environment["LOODS_TEST_SEED"].flatMap(UInt64.init) ?? 2026

    /// How many batches of odd calls: a quarter in the plain run.
    static let rounds =
        switch ProcessInfo.processInfo.environment["LOODS_TEST_FAULTS"] {
        case "all": 400
        case "lab": 120
        default: 25
        }

    private func read(_ body: String, by key: WriteKey) -> TrackingRequest? {
        try? .batch(PaddedText(Array(body.utf8)), key: key, limits: EdgeLimits(), freshID: UniqueID.random)
    }

    @Test func whateverTheEdgeAcceptsTheStoreTakes() async throws {
        print("seed \(Self.seed)")
        var calls = OddCalls(seed: Self.seed)
        try await Passage.with { passage in
            let keys = [
                WriteKey(workspace: passage.shop, name: "server", trust: .server),
                WriteKey(workspace: passage.shop, name: "public", trust: .publicKey),
            ]
            var (sent, accepted) = (0, 0)
            var expected: Set<[UInt8]> = []
            for round in 0..<Self.rounds {
                let items = (0..<20).map { _ in calls.call() }
                sent += items.count
                let whole = read("{\"batch\":[\(items.joined(separator: ","))]}", by: keys[round % 2])
                // Where one item spoils the text of all, each goes alone.
                let requests =
                    whole.map { [$0] } ?? items.compactMap { read("{\"batch\":[\($0)]}", by: keys[round % 2]) }
                let drafts = requests.flatMap(\.drafts)
                let events = try carried(drafts.map { $0.received(at: Passage.start) })
                accepted += events.count
                for event in events where event.sentTime != nil { expected.insert(Self.key(event)) }
                do {
                    try await passage.store(events)
                } catch {
                    for event in events {
                        do { try await passage.store([event]) } catch {
                            Issue.record("seed \(Self.seed), round \(round): \(error) for \(event)".clipped)
                        }
                    }
                }
            }
            let kept = try await passage.database.pool.withTransaction { session in
                try session.query(
                    "select subject_id::text, sent_time, event_id from event_log where sent_time <> received_at"
                ).map { row in
                    let (subject, sentTime, id) = try row.decode((String.self, Timestamp.self, String.self))
                    return Array("\(subject)|\(sentTime)|\(id)".utf8)
                }
            }
            #expect(Set(kept) == expected.filter { !$0.isEmpty })
            #expect(accepted * 10 > sent && accepted < sent, "\(accepted) of \(sent) were accepted")
        }
    }

    private static func key(_ event: AcceptedEvent) -> [UInt8] {
        event.sentTime == event.receivedAt ? [] : Array("\(event.subjectID)|\(event.sentTime!)|\(event.eventID)".utf8)
    }

    /// As they are after their way through the broker.
    private func carried(_ events: [AcceptedEvent]) throws -> [AcceptedEvent] {
        try EventBatch(decoding: EventBatch(id: .random(), events: events).encoded).events
    }

    /// Ids are told apart by their bytes, as the store does, not by what they look like.
    @Test func idsThatLookAlikeAreTwoEvents() async throws {
        try await Passage.with { passage in
            let call = { (id: String) in
                "{\"type\":\"track\",\"userId\":\"u\",\"event\":\"E\",\"messageId\":\"\(id)\",\"timestamp\":\"2026-03-01\"}"
            }
            let body = "{\"batch\":[\(["é", "e\\u0301", "e\\u0301", "x"].map(call).joined(separator: ","))]}"
            #expect(try await passage.send("batch", body).status == 200)
            #expect(try await passage.texts("select count(*)::text from event_log") == ["3"])
            // Each was counted: a repeat beside them hid none.
            #expect(
                try await passage.texts("select (sum(amount) / count(*))::text from scores where amount > 0").count == 1
            )
            let points = try await passage.texts("select sum(amount)::text from scores")
            try await passage.send("track", "{\"userId\":\"v\",\"event\":\"E\",\"timestamp\":\"2026-03-01\"}")
            let single = try await passage.texts(
                """
                select sum(amount)::text from scores where contact_id =
                    (select subject_id from identities where value = 'v')
                """)
            #expect(Int(points[0])! == 3 * Int(single[0])!)
        }
    }

    /// An address is looked for by an index, whose rows have a size.
    @Test(arguments: ["\"email\"", "\"em\\u0061il\""])
    func anAddressLongerThanAnyIsNone(member: String) async throws {
        try await Passage.with { passage in
            var calls = Dice(seed: 1)
            let long = String(
                (0..<20_000).map { _ in "abcdefghijklmnopqrstuvwxyz0123456789".randomElement(using: &calls)! })
            for (call, rest) in [
                ("identify", "\"traits\":{\(member):\"\(long)@x\",\"plan\":\"pro\"}"),
                ("identify", "\"traits\":{\(member):{\"a\":\"\(long)\"},\"plan\":\"pro\"}"),
                ("track", "\"event\":\"E\",\"context\":{\"traits\":{\(member):\"\(long)@x\",\"plan\":\"pro\"}}"),
            ] {
                let answer = try await passage.send(call, "{\"userId\":\"u\",\(rest)}")
                let isNamed = answer.status == 400 || answer.status == 413
                #expect(isNamed == (member == "\"email\""), "\(answer)")
                if isNamed { #expect(answer.json["field"]?.string?.hasSuffix("traits.email") == true) }
            }
            let described = try await passage.texts(
                "select attributes::text from contacts where attributes <> '{}'")
            #expect(described == (member == "\"email\"" ? [] : ["{\"plan\": \"pro\"}"]))
        }
    }
}

extension String {
    fileprivate var clipped: Comment { Comment(rawValue: String(prefix(2000))) }
}

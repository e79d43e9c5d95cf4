import Laboratory
import Model
import Postgres
import Store
import TestSupport
import Testing

@testable import Transit

/// What is known of workers that died decides who is tried alone, and who not at all.
@Suite struct PoisonTrialTests {
    private static let items = (0..<6).map { UniqueID.derived("trial", "\($0)") }

    /// Notes tries of workers that are gone.
    private static func note(
        _ count: Int, of item: UniqueID, alone: Bool = true, ago: Span = .hours(0), _ stage: TestStage
    ) async throws {
        let now = MachineClock.host.now
        try await stage.database.pool.withTransaction { session in
            for number in 0..<count {
                let trial = Trials.Trial(begunAt: now - ago, worker: "dead \(number)", isAlone: alone)
                try Trials.begin(item, trial, in: session)
            }
        }
    }

    private static func trials(_ stage: TestStage) async throws -> Int {
        try await stage.database.pool.withConnection {
            Int(try $0.query("select count(*) from trials")[0][0, as: Int64.self])
        }
    }

    @Test func whatKilledKeepsItsPlaceAndWhatKilledThreeIsPassedOver() async throws {
        try await TestStage.with { stage in
            let worker = try stage.worker()
            try await Self.note(3, of: Self.items[0], stage)
            try await Self.note(1, of: Self.items[1], stage)
            try await Self.note(9, of: Self.items[2], alone: false, stage)
            var order: [UniqueID] = []
            let poison = try await worker.bisect(Self.items[...], alone: { $0 }) { order += $0 }
            #expect(order == Array(Self.items[1...]))
            #expect(poison.map(\.item) == [Self.items[0]])
            let deadly = try #require(poison.first?.fault as? Deadly)
            #expect(deadly.history.map(\.worker) == ["dead 0", "dead 1", "dead 2"])
            #expect("\(deadly)" == "it killed 3 workers that had it in hand alone")
            #expect(try await Self.trials(stage) == 3, "who came through is cleared")
            let item = SetAside.Item(
                id: Self.items[0], queue: "events", lane: "live", reason: "\(deadly)", body: [1], attempts: 1,
                setAsideAt: worker.clock.now)
            let kept = item.tried(by: worker, deadly)
            try await worker.pool.withConnection { try SetAside.add([kept], in: $0) }
            #expect(try await Self.trials(stage) == 0)
            let stored = try await worker.pool.withConnection { try SetAside.list(all: false, in: $0) }
            #expect(stored.first?.history.count == 4 && stored.first?.attempts == 3)
            await stage.close(worker)
        }
    }

    /// An outage in the middle of a try is no death.
    @Test func whoeverLivesHasNotDied() async throws {
        struct Away: Error {}
        try await TestStage.with { stage in
            let worker = try stage.worker()
            for _ in 0..<5 {
                await #expect(throws: PostgresError.self) {
                    try await worker.bisect(Self.items[..<1], alone: { $0 }) { _ in
                        throw PostgresError(.connection, "away")
                    }
                }
            }
            #expect(try await worker.bisect(Self.items[..<1], alone: { $0 }) { _ in }.isEmpty)
            #expect(try await Self.trials(stage) == 0)
            await stage.close(worker)
        }
    }

    @Test func pagesOfTheDeadMakeSuspects() async throws {
        try await TestStage.with { stage in
            let worker = try stage.worker()
            let contacts = (0..<4).map {
                ContactKey(workspace: WorkspaceID(rawValue: 1), contact: .derived("contact", "\($0)"))
            }.sorted()
            let long = worker.clock.now - Trials.patience - Trials.patience
            for number in 0..<2 {
                let trial = Trials.Trial(begunAt: long, worker: "dead \(number)", isAlone: false)
                try await worker.pool.withConnection {
                    try Pages.open(.random(), of: contacts[..<2], for: .timers, by: trial, in: $0)
                }
            }
            let polled = PolledWork(.timers, worker: worker)
            let (together, alone) = (Handled(), Handled())
            let parts = PolledWork.Parts { contact in
                let isDone = await alone.contacts.contains(contact)
                return isDone ? [] : Self.items[..<2].map { PolledWork.Part(contact: contact, id: $0) }
            } handle: { part in
                await alone.add([part.contact])
            }
            let faults = try await polled.handle(contacts[...], alone: parts) { part, _ in await together.add(part) }
            #expect(faults.count == 0)
            #expect(await together.contacts == Array(contacts[2...]))
            #expect(await alone.contacts == contacts[..<2].flatMap { [$0, $0] }, "each of two parts by itself")
            #expect(try await Self.trials(stage) == 0)
            let pages = try await worker.pool.withConnection {
                try $0.query("select count(*) from pages")[0][0, as: Int64.self]
            }
            #expect(pages == 0)
            await stage.close(worker)
        }
    }
}

/// Who was handled, in order.
private actor Handled {
    private(set) var contacts: [ContactKey] = []

    func add(_ more: some Sequence<ContactKey>) { contacts += more }
}

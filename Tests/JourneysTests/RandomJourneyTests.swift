import Expressions
import Journeys
import Model
import Postgres
import Simulation
import Store
import TestSupport
import Testing
import Workspaces

/// Random journeys in random histories through a scheduler on PostgreSQL: what it plans, and how runs end, is what the
/// simulator plays, to the second. That one agrees with a naive interpreter (JourneyProgramTests).
@Suite struct RandomJourneyTests {
    private static let people = ["anne", "bram", "carla", "dirk", "els"]
    private static let end = Bench.start + .days(60)

    private struct Event {
        var user: String
        var event: HistoryEvent
    }

    @Test(.timeLimit(.minutes(10)), arguments: 0..<2)
    func theSchedulerDoesWhatTheSimulatorPlays(seed: UInt64) async throws {
        var dice = Dice(seed: seed)
        let files = Self.files(&dice)
        let histories = Dictionary(uniqueKeysWithValues: Self.people.map { ($0, Self.history(&dice)) })
        let workspace = try #require(Workspace.load(files: files).workspace, "seed \(seed)")
        try await Bench.with { bench in
            try await Bench.apply(files, to: bench.database)
            try await Self.walk(bench, histories)
            let simulator = Simulator(workspace)
            let played = Self.people.flatMap { user in
                Self.play(bench.contact(user).contact, user, histories[user] ?? [], in: simulator)
            }
            let (happened, expected) = (try await Self.told(of: bench), played.sorted())
            #expect(happened == expected, "seed \(seed): \(happened.difference(from: expected))")
            #expect(expected.count > 60)
        }
    }

    // MARK: What is thrown

    private static func files(_ dice: inout Dice) -> [String: String] {
        var files = Shop.files
        for number in 0..<6 { files["journeys/random-\(number).yaml"] = RandomScript.file(of: number, &dice) }
        for number in 0..<3 {
            files["emails/mail-\(number)/email.yaml"] = "{subject: Mail \(number), class: transactional}"
            files["emails/mail-\(number)/body.txt.mustache"] = "Hello.\n"
        }
        return files
    }

    /// Each at a second of its own, so that no two of a contact's coincide, nor one with the end of a wait.
    private static func history(_ dice: inout Dice) -> [HistoryEvent] {
        let names = Array(repeating: "Start", count: 4) + (0..<30).map { ["X", "Y", "Z"][$0 % 3] }
        return names.enumerated().map { number, name in
            let minute = Int64.random(in: 1..<30_000, using: &dice)
            return HistoryEvent(
                at: Bench.start + .minutes(minute) + .seconds(Int64(number + 1)), eventID: "e\(100 + number)",
                name: name)
        }.sorted { $0.position < $1.position }
    }

    // MARK: The scheduler

    private static func walk(_ bench: Bench, _ histories: [String: [HistoryEvent]]) async throws {
        let events = histories.flatMap { user, events in events.map { Event(user: user, event: $0) } }
        for next in events.sorted(by: { ($0.event.position, $0.user) < ($1.event.position, $1.user) }) {
            try await pass(until: next.event.at, bench)
            try await bench.advance(to: next.event.at)
            try await bench.hears(next.event.name, next.event.eventID, to: next.user, at: next.event.at)
            try await settle(bench)
        }
        try await pass(until: end, bench)
    }

    /// From one due instant to the next.
    private static func pass(until limit: Timestamp, _ bench: Bench) async throws {
        while true {
            let due = try await bench.database.pool.withTransaction { session in
                try Quiet.nextDue(after: try DomainClock.read(in: session), in: session)
            }
            guard let due, due < limit else { return }
            try await bench.advance(to: due)
            try await settle(bench)
        }
    }

    /// Sends what is planned, and has runs hear of it, until nothing is left to do at this instant.
    private static func settle(_ bench: Bench) async throws {
        repeat {
            while try await bench.journeys.fireTimers() > 0 {}
        } while try await bench.sendPlanned(to: people) > 0
    }

    private static func told(of bench: Bench) async throws -> [String] {
        try await bench.texts(
            """
            select i.value || ' ' || journey || '/' || step || '#' || visit || ' '
                || to_char(planned_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
            from messages m join identities i on i.workspace_id = m.workspace_id and i.subject_id = m.contact_id
            union all
            select i.value || ' ' || journey || ' ' || outcome || ' '
                || to_char(ended_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
            from runs r join identities i on i.workspace_id = r.workspace_id and i.subject_id = r.contact_id
            where ended_at is not null
            """
        ).sorted()
    }

    // MARK: The simulator

    private static func play(
        _ id: UniqueID, _ user: String, _ history: [HistoryEvent], in simulator: Simulator
    ) -> [String] {
        var contact = PlayedContact(name: user, attributes: ["email": .string("\(user)@shop.example")])
        contact.id = id
        var play = ContactPlay(contact, in: simulator, at: Bench.start)
        play.run(history.map { PlayedEvent($0) }, until: end - .seconds(1))
        return play.story.compactMap { line in
            let place = "\(user) \(line.journey ?? "")"
            return switch line.what {
            case .sent(let step, let visit, _): "\(place)/\(step)#\(visit) \(line.at)"
            case .ended(.goal, _): "\(place) converted \(line.at)"
            case .ended(.exit, _): "\(place) exited \(line.at)"
            case .ended(.completed, _): "\(place) finished \(line.at)"
            case .failed(let reason): "\(place) \(reason)"
            default: nil
            }
        }
    }
}

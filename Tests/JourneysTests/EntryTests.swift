import Contracts
import Journeys
import Messaging
import Model
import Postgres
import Store
import TestSupport
import Testing

/// Who starts a run, and how often.
@Suite struct EntryTests {
    private static let days = (0..<40).map { Bench.start + .days($0) }

    @Test func aCountedEntryIsTakenAtItsEventAlone() async throws {
        try await Bench.with { bench in
            for index in 1...4 { try await bench.hears("Order Completed", "\(index)", at: Self.days[index]) }
            #expect(try await bench.runs() == ["welcome sending thanks"])
            #expect(try await bench.texts("select entry_event_id from runs") == ["2"])
            #expect(try await bench.texts("select step || ' ' || choice from decisions") == ["enter started"])
        }
    }

    @Test func aLateEventMovesTheEntryButTakesNoSecondOne() async throws {
        try await Bench.with { bench in
            let later = try await bench.happens("Order Completed", "b", at: Self.days[2])
            try await bench.act(on: later)
            #expect(try await bench.runs().isEmpty)
            let late = try await bench.happens("Order Completed", "a", at: Self.days[1])
            try await bench.act(on: late, later)
            try await bench.act(on: later)
            #expect(try await bench.texts("select entry_event_id from runs") == ["b"])
        }
    }

    @Test func eachKeyStartsOneRun() async throws {
        try await Bench.with { bench in
            for (id, order) in [("1", "A"), ("2", "B"), ("3", "A")] {
                let order = JSON.object(["order": .string(order)])
                try await bench.hears("Order Completed", id, at: Self.days[Int(id)!], order)
            }
            #expect(
                try await bench.texts("select entry_key from runs where journey = 'receipt' order by 1") == ["A", "B"])
        }
    }

    @Test func reachingAStageStartsARun() async throws {
        try await Bench.with { bench in
            var signal = try await bench.happens("Form Submitted", "f")
            signal.cause = .stage("think")
            var other = signal
            other.cause = .stage("see")
            try await bench.act(on: other, signal, signal)
            #expect(try await bench.runs() == ["thinker waiting wait 1"])
        }
    }

    @Test func twoSchedulersWithTheSameSignalsStartOneRunEach() async throws {
        try await Bench.with { bench in
            var signals: [Signal] = []
            for number in 0..<30 {
                signals.append(try await bench.happens("Signed Up", "s", to: "user \(number)"))
                signals.append(
                    try await bench.happens("Order Completed", "o", to: "user \(number)", .object(["order": .int(7)])))
            }
            let same = signals
            try await withThrowingTaskGroup(of: Void.self) { schedulers in
                for number in 0..<4 {
                    let scheduler = try await bench.scheduler()
                    let order = number.isMultiple(of: 2) ? same : same.reversed()
                    schedulers.addTask {
                        for start in stride(from: 0, to: order.count, by: 10) {
                            try await scheduler.apply(order[start..<start + 10], arriving: [], lane: .live)
                        }
                    }
                }
                try await schedulers.waitForAll()
            }
            let counts = try await bench.texts(
                "select journey || ' ' || count(*) from runs group by journey order by 1")
            #expect(counts == ["onboarding 30", "receipt 30"])
            #expect(try await bench.texts("select count(*)::text from messages") == ["30"])
            #expect(try await bench.texts("select count(*)::text from decisions") == ["60"])
        }
    }

    @Test func signalsOfNobodyAndOfEndedRunsDoNothing() async throws {
        try await Bench.with { bench in
            let signal = try await bench.happens("Signed Up", "s")
            var stranger = signal
            stranger.contact.contact = .random()
            var lost = signal
            lost.eventID = "not in the log"
            try await bench.act(on: stranger, lost)
            #expect(try await bench.runs().isEmpty)
            try await bench.act(on: signal)
            try await bench.hears("Account Closed", "c", at: Bench.start + .minutes(1))
            #expect(try await bench.runs() == ["onboarding exited"])
            let decisions = try await bench.texts("select choice from decisions order by choice")
            try await bench.act(on: signal)
            try await bench.advance(to: Self.days[20])
            #expect(try await bench.runs() == ["onboarding exited"])
            #expect(try await bench.texts("select choice from decisions order by choice") == decisions)
        }
    }
}

import Contracts
import Model
import Testing
import TestSupport

@testable import Audience

/// Dates among attributes come at their instant, though nothing happens and nobody counts.
@Suite struct DateTests {
    private static let party = """
        journey: party
        enter: {date: contact.birthday, offset: -7d, at: "09:00", yearly: true}
        steps: [{wait: 1d}]
        """

    private static var files: [String: String] {
        var files = SegmentShop.files
        files["journeys/party.yaml"] = party
        files["journeys/ending.yaml"] = """
            journey: ending
            enter: {date: contact.trial_ends, at: "10:00", when: 'contact.plan != "pro"'}
            steps: [{wait: 1d}]
            """
        return files
    }

    /// `journey key hours`, counted from the start.
    private static func told(_ signals: [Signal]) -> [String] {
        signals.compactMap { (signal) -> String? in
            guard case .date(let journey, let key) = signal.cause else { return nil }
            return "\(journey) \(key) \((signal.at - Bench.start).microseconds / 3_600_000_000)h"
        }.sorted()
    }

    @Test func eachComesAtItsInstant() async throws {
        try await Bench.with(Self.files) { bench in
            try await bench.apply(
                bench.identify(
                    "i", minute: 0,
                    traits: ["birthday": "1990-03-12", "trial_ends": "2026-03-04", "timezone": "Europe/Amsterdam"]))
            try await bench.walk(to: Bench.start + .days(2))
            // The 4th at ten in Amsterdam; the clock started at ten there.
            #expect(Self.told(try await bench.takeSignals()) == ["ending 2026-03-04 48h"])
            try await bench.walk(to: Bench.start + .days(3) - .hours(1) - .seconds(1))
            #expect(Self.told(try await bench.takeSignals()) == [])
            try await bench.walk(to: Bench.start + .days(4))
            #expect(Self.told(try await bench.takeSignals()) == ["party 2026-03-12 71h"])
            try await bench.walk(to: Bench.start + .days(400))
            #expect(Self.told(try await bench.takeSignals()) == ["party 2027-03-12 8831h"])
        }
    }

    @Test func aDateThatIsMovedComesWhenItIsThen() async throws {
        try await Bench.with(Self.files) { bench in
            try await bench.apply(bench.identify("i", minute: 0, traits: ["trial_ends": "2026-03-04"]))
            try await bench.apply(bench.identify("j", minute: 1, traits: ["trial_ends": "2026-03-20"]))
            try await bench.walk(to: Bench.start + .days(17))
            #expect(Self.told(try await bench.takeSignals()) == [])
            try await bench.apply(bench.identify("k", minute: 17 * 1440 + 1, traits: ["trial_ends": "2026-03-25"]))
            try await bench.walk(to: Bench.start + .days(30))
            #expect(Self.told(try await bench.takeSignals()) == ["ending 2026-03-25 552h"])
        }
    }

    /// An outage loses none, and a date that comes while its event is under way is not lost either.
    @Test func nothingThatIsLateIsLost() async throws {
        try await Bench.with(Self.files) { bench in
            try await bench.apply(bench.identify("i", minute: 0, traits: ["birthday": "1990-03-12"]))
            try await bench.advance(to: Bench.start + .days(800))
            #expect(
                Self.told(try await bench.takeSignals()) == [
                    "party 2026-03-12 71h", "party 2027-03-12 8831h", "party 2028-03-12 17615h",
                ])
            let now: Int64 = 800 * 1440
            let signals = try await bench.apply(
                bench.identify("j", minute: now - 90, traits: ["trial_ends": "2028-05-10"]))
            #expect(Self.told(signals) == ["ending 2028-05-10 19199h"], "it was said before ten")
            let others = try await bench.apply(
                bench.identify("k", minute: now - 20, traits: ["trial_ends": "2028-05-10"]))
            #expect(Self.told(others) == [], "and now when it had been")
        }
    }

    /// Who is there already is looked at when the journey is applied.
    @Test func aNewJourneyFindsThoseWhoAreThere() async throws {
        try await Bench.with(SegmentShop.files) { bench in
            try await bench.apply(bench.identify("i", minute: 0, traits: ["birthday": "1990-03-12"]))
            try await bench.backfill()
            var files = SegmentShop.files
            files["journeys/party.yaml"] = Self.party
            try await bench.redefine(files)
            try await bench.backfill()
            _ = try await bench.takeSignals()
            try await bench.walk(to: Bench.start + .days(4))
            #expect(Self.told(try await bench.takeSignals()) == ["party 2026-03-12 71h"])
        }
    }
}

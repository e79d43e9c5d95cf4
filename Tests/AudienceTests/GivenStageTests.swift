import Contracts
import Model
import Store
import Testing
import TestSupport

@testable import Audience

/// A journey's step brings a contact to a stage by an event, and never back.
@Suite struct GivenStageTests {
    private static let files = SegmentShop.files.merging(
        [
            "stages.yaml": """
            stages:
              - stage: see
              - {stage: think, when: 'did("Form Submitted")'}
              - {stage: care, when: 'did("Order Completed")'}
            """
        ]) { $1 }

    private static func given(
        _ stage: String, _ id: String, _ bench: Bench, minute: Int64, trust: AcceptedEvent.Trust = .system
    ) -> AcceptedEvent {
        bench.event(
            EventNames.stageGiven, id, minute: minute, trust: trust, .object(["stage": .string(stage)]))
    }

    @Test func itIsReachedAndKept() async throws {
        try await Bench.with(Self.files) { bench in
            try await bench.apply(bench.event("Page Viewed", "p"))
            let signals = try await bench.apply(Self.given("think", "g", bench, minute: 1))
            #expect(signals.map(\.cause) == [.stage("think")])
            #expect(try await bench.state(.user, "anne")?.stage == "think")
            #expect(try await bench.segments() == ["hot 1", "thinkers 1"], "what lives in it is asked")
            #expect(try await bench.apply(Self.given("see", "h", bench, minute: 2)).isEmpty)
            #expect(try await bench.apply(Self.given("nowhere", "i", bench, minute: 3)).isEmpty)
            #expect(try await bench.apply(Self.given("care", "j", bench, minute: 4, trust: .server)).isEmpty)
            #expect(try await bench.state(.user, "anne")?.stage == "think")
        }
    }
}

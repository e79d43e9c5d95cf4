import Model
import Simulation
import Testing
import Workspaces

/// Journeys that get into each other's way are found by playing them.
struct SameDayTests {
    private static let today = Timestamp(seconds: 1_772_409_600)

    private static func findings(_ second: String) throws -> [String] {
        var files = Shop.files.merging(["journeys/second.yaml": second]) { $1 }
        files["journeys/wake-up.yaml"] = nil
        let loaded = Workspace.load(files: files)
        return SameDayReview(try #require(loaded.workspace, "\(loaded.findings)")).findings(today: Self.today).map(
            \.description)
    }

    @Test func twoThatBeginTogetherAndMailOnOneDayAreTold() throws {
        let found = try Self.findings(
            "journey: second\nenter: {event: Trial Started}\nsteps: [{wait: 2h}, {email: wake-up}]")
        #expect(found.count == 1)
        #expect(
            found.first?.hasPrefix("journeys/trial.yaml:1:1  warning: \"second\" and \"trial\" begin together") == true)
        #expect(found.first?.contains("wake-up and pixel-why, on the day they begin") == true, "\(found)")
    }

    /// Whoever starts a trial and views no page is asleep at once.
    @Test func aSegmentThatIsEnteredByTheSameEventCounts() throws {
        let found = SameDayReview(Shop.workspace).findings(today: Self.today).map(\.description)
        #expect(found.count == 1)
        #expect(found.first?.contains("\"trial\" and \"wake-up\" begin together") == true, "\(found)")
    }

    @Test(arguments: [
        // On other days.
        "journey: second\nenter: {event: Trial Started}\nsteps: [{wait: 30d}, {email: wake-up}]",
        // What people are owed.
        "journey: second\nenter: {event: Trial Started}\nsteps: [{email: docs}]",
        // Not together.
        "journey: second\nenter: {event: Order Completed}\nsteps: [{email: wake-up}]",
        // Never both.
        "journey: second\nenter: {event: Trial Started, when: '!consented(\"onboarding\")'}\nsteps: [{email: wake-up}]",
    ])
    func othersAreNot(second: String) throws { #expect(try Self.findings(second) == []) }

    /// What starts itself again and again is another finding's; this one does not wait for its end.
    @Test func aJourneyWithoutEndKeepsNobodyWaiting() throws {
        _ = try Self.findings(
            "journey: second\nenter: {event: Identified, again: after-exit}\n"
                + "steps: [{wait: 1m}, {set: {x: 1}}, {email: wake-up}]")
    }
}

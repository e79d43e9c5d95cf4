import Foundation
import JourneyProgram
import Model
import Simulation
import Testing
import Workspaces

/// Runs that were recorded are taken by today's engine as they were then.
///
/// `LOODS_TEST_RECORD=1 deploy/dev test RecordingTests` adds a recording of each workspace (the recipes, the demo's, `Kinds`
/// and `MoreKinds`) whose definitions or tests are not recorded as they are now. What is kept already stays as it is: it is deleted by
/// hand, by whoever means that runs under way are to be taken otherwise.
struct RecordingTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    private static let kept = folder.appendingPathComponent("Kept")

    private static var names: [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: kept.path))?.filter { $0.hasSuffix(".json") }.sorted()
            ?? []
    }

    private static func read(_ name: String) throws -> Recording {
        try Recording(text: String(contentsOf: kept.appendingPathComponent(name), encoding: .utf8))
    }

    @Test(arguments: names) func whatWasRecordedIsTakenSoToday(name: String) throws {
        let difference = try Self.read(name).replay()
        #expect(difference == nil, "\(name): \(difference?.description ?? "")")
    }

    @Test func recordingsAreKeptOfEveryWorkspaceAndAreSmall() throws {
        if ProcessInfo.processInfo.environment["LOODS_TEST_RECORD"] == "1" { try Self.record() }
        let recorded = Set(
            Self.names.map { $0.prefix { $0 != "." }.split(separator: "-").dropLast().joined(separator: "-") })
        #expect(recorded.isSuperset(of: Self.sources.keys), "\(Set(Self.sources.keys).subtracting(recorded))")
        let bytes = try Self.names.reduce(0) { sum, name in
            sum + (try Data(contentsOf: Self.kept.appendingPathComponent(name)).count)
        }
        #expect(bytes <= 260_000, "\(bytes) bytes")
    }

    /// Steps and branches that a recording leaves out.
    private static func missed(by recording: Recording, in workspace: Workspace) -> [Coverage.Place] {
        var coverage = Coverage(workspace)
        for take in recording.takes {
            var play = ContactPlay(take.contact, in: Simulator(workspace), at: take.start)
            play.lag = take.lag
            play.run(take.events, until: take.end)
            coverage.add(play.story)
        }
        return coverage.missed
    }

    /// The workspace of all kinds leaves no step and no branch out, nor a way in which a run or a message may end.
    @Test func everyKindOfStepAndGuardIsAmongThem() throws {
        let names = Self.names.filter { $0.hasPrefix("kinds-") }
        let recording = try Self.read(try #require(names.last))
        let workspace = try #require(Workspace.load(files: recording.files).workspace)
        let missed = Self.missed(by: recording, in: workspace)
        #expect(missed.isEmpty, "\(missed)")
        let effects = recording.takes.flatMap { take in take.looks.flatMap(\.effects) }
        for kind in ["send ", "call ", "change ", "end finished", "end converted", "end exited"] {
            #expect(effects.contains { $0.hasPrefix(kind) }, "\(kind)")
        }
        for choice in ["late: skip", "late: end", "had before", "held, went on", "no date"] {
            #expect(effects.contains { $0.contains(" \(choice) ") }, "\(choice)")
        }
        let inputs = recording.takes.flatMap { take in take.looks.compactMap(\.input) }
        let verdicts = Set(inputs.map { Self.firstWord($0) })
        #expect(verdicts.isSuperset(of: ["sent", "skipped", "withdrawn", "refused", "held"]), "\(verdicts)")
        let runs = Set(recording.takes.flatMap { take in take.looks.map { Self.firstWord($0.run) } })
        #expect(runs.count == workspace.journeys.count, "\(runs)")
    }

    /// Points, what sites show, cards, streams, throttles, caps, tests within broadcasts, hold-outs, what goals are worth.
    @Test func whatCameLaterIsAmongThem() throws {
        let name = try #require(Self.names.last { $0.hasPrefix("more-kinds-") })
        let recording = try Self.read(name)
        let workspace = try #require(Workspace.load(files: recording.files).workspace)
        let missed = Self.missed(by: recording, in: workspace)
        #expect(missed.isEmpty, "\(missed)")
        let effects = recording.takes.flatMap { take in take.looks.flatMap(\.effects) }
        for kind in [
            "call plans 1 site_message:plans", "call card 1 postcard:card", "change score 1 1 points",
            " its turn came ",
            " tries ", " winner ", " exhausted ", "\"late after\"", "\"value\":30", "send tips 1 tip-1",
            "send tips 1 tip-2",
        ] { #expect(effects.contains { $0.contains(kind) }, "\(kind)") }
        let told = recording.takes.flatMap(\.told)
        #expect(told.contains { $0.contains("turned away 2 in 1d") })
        #expect(told.contains { $0.contains("turned away 3 in all") })
        let states = recording.takes.flatMap { take in take.looks.map(\.state) }
        #expect(states.contains { $0.awaitsTurn && $0.opensAt != nil })
        #expect(recording.takes.contains { $0.contact.isHeldOut == true })
    }

    private static func firstWord(_ text: String) -> String { String(text.prefix { $0 != " " }) }

    // MARK: An engine that takes runs otherwise is found out

    @Test func whatIsOtherIsNamedByRunStepAndInstant() throws {
        let recording = try Self.read(try #require(Self.names.last { $0.hasPrefix("kinds-") }))
        let take = try #require(recording.takes.firstIndex { $0.looks.count > 8 })
        let index = try #require(recording.takes[take].looks.firstIndex { $0.wake != nil && !$0.effects.isEmpty })
        let look = recording.takes[take].looks[index]
        func replayed(_ change: (inout Recording.Take) -> Void) throws -> ReplayDifference? {
            var altered = recording
            change(&altered.takes[take])
            return try altered.replay()
        }
        #expect(try replayed { _ in } == nil)
        let changes: [(String, (inout Recording.Take) -> Void)] = [
            ("effects", { $0.looks[index].effects[0] += "!" }),
            ("wake", { $0.looks[index].wake = look.wake.map { $0 + .seconds(1) } }),
            ("state", { $0.looks[index].state = $0.looks[index + 2].state }),
            ("input", { $0.looks[index].input = "skipped \(look.at)" }),
            ("look", { $0.looks[index].at = look.at - .seconds(1) }),
        ]
        for (what, change) in changes {
            let difference = try #require(try replayed(change), "\(what)")
            #expect(difference.what == what && difference.run == look.run, "\(difference)")
            #expect(what == "look" || difference.at == look.at, "\(difference)")
            #expect(what == "state" || difference.step == look.state.step, "\(difference)")
        }
        let told = try #require(try replayed { $0.told[0] += "!" })
        #expect(told.what == "told" && told.at == Timestamp(iso8601: Self.firstWord(recording.takes[take].told[0])))
    }

    /// As if the engine took a step otherwise: the definitions that it plays say another thing in one place.
    @Test func aStepThatIsTakenOtherwiseIsNamed() throws {
        var recording = try Self.read(try #require(Self.names.last { $0.hasPrefix("shop-welcome-") }))
        let wait = try #require(recording.files["journeys/welcome.yaml"])
        recording.files["journeys/welcome.yaml"] = wait.replacing("- wait: 3d", with: "- wait: 4d")
        let difference = try #require(try recording.replay())
        #expect(difference.run.hasPrefix("welcome") && difference.step == "wait 5", "\(difference)")
        #expect(difference.what == "state" && "\(difference)".contains("step wait 5, at "), "\(difference)")
    }

    // MARK: Recording

    /// The workspaces that are recorded, by name.
    private static let sources: [String: URL] = {
        let checkout = sequence(first: folder) { $0.deletingLastPathComponent() }.prefix(12).first {
            FileManager.default.fileExists(atPath: $0.appendingPathComponent("Package.swift").path)
        }
        var sources = ["kinds": "Kinds", "more-kinds": "MoreKinds"].mapValues { folder.appendingPathComponent($0) }
        guard let deploy = checkout?.appendingPathComponent("deploy") else { return sources }
        sources["demo"] = deploy.appendingPathComponent("demo/shop")
        let recipes = deploy.appendingPathComponent("recipes")
        for recipe in (try? FileManager.default.contentsOfDirectory(atPath: recipes.path)) ?? [] {
            sources[recipe] = recipes.appendingPathComponent(recipe)
        }
        return sources
    }()

    private static func record() throws {
        for (name, source) in sources.sorted(by: { $0.key < $1.key }) {
            // Some runs are looked at so late that it matters.
            let made = try Recording.make(of: files(in: source)) { test in
                name == "kinds" && test.name.hasPrefix("orders") ? [.zero, .hours(8)] : [.zero]
            }
            let earlier = names.filter {
                $0.prefix { $0 != "." }.split(separator: "-").dropLast().joined(separator: "-") == name
            }
            if try earlier.contains(where: { try read($0).text == made.text }) { continue }
            try made.text.write(
                to: kept.appendingPathComponent("\(name)-\(earlier.count + 1).json"), atomically: true, encoding: .utf8)
        }
    }

    private static func files(in folder: URL) throws -> [String: String] {
        let paths = try FileManager.default.subpathsOfDirectory(atPath: folder.path)
        var files: [String: String] = [:]
        // Runs in Dutch go as they do in English.
        for path in paths where path != "tests/dutch.yaml" && (path.hasSuffix(".yaml") || path.hasSuffix(".mustache")) {
            files[path] = try String(contentsOf: folder.appendingPathComponent(path), encoding: .utf8)
        }
        return files
    }
}

import Expressions
import Foundation
import Laboratory
import Model
import Testing
import TestSupport
import Workspaces

/// The recipes as they lie in `deploy/recipes`, all in one cluster: what their tests say happens to people happens to them,
/// and they are mailed what the simulator says, at the same second of domain time.
@Suite struct RecipeClusterTests {
    @Test(.timeLimit(.minutes(8)))
    func everyRecipeDoesWhatTheSimulatorSays() async throws {
        let play = try Self.play()
        let simulated = try play.simulated()
        #expect(play.workspaces.count >= 6 && play.people.count >= 20, "\(play.people.count)")
        #expect(Set(play.workspaces.keys) == Set(simulated.mails.map { String($0.prefix { $0 != " " }) }))
        #expect(simulated.mails.count > 30, "\(simulated.mails.count)")
        try await Cluster.with(
            services: ["scoring", "scheduler", "mailer"], clock: .stepped(at: play.start), workspace: play.first
        ) { cluster in
            let live = try await play.live(on: cluster)
            #expect(live.mails == simulated.mails, "\(live.mails.difference(from: simulated.mails))")
            #expect(live.ends == simulated.ends, "\(live.ends.difference(from: simulated.ends))")
        }
    }

    /// Each recipe under its own name, and for each of its tests people of their own, played as long as any.
    private static func play() throws -> SteppedPlay {
        let folder = try #require(Terminal.checkout).appendingPathComponent("deploy/recipes")
        var play = SteppedPlay(workspaces: [:], people: [], end: .distantPast)
        for recipe in try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() {
            var files = try Self.files(in: folder.appendingPathComponent(recipe))
            // What asks a server of somebody else's hangs on an answer that nobody gives here; CallsTests has such a server.
            guard let settings = files["workspace.yaml"], !settings.contains("\nwebhooks:") else { continue }
            files["workspace.yaml"] = settings.replacing(/(?m)^workspace: .*$/, with: "workspace: \(recipe)")
            let workspace = try #require(Workspace.load(files: files).workspace, "\(recipe)")
            let (tests, findings) = workspace.tests(in: files)
            #expect(findings.isEmpty && !tests.isEmpty, "\(recipe): \(findings)")
            play.workspaces[recipe] = files.filter { !$0.key.hasPrefix("tests/") }
            for (number, test) in tests.enumerated() {
                for tested in test.contacts {
                    let first = tested.events.first?.event.at ?? test.start
                    play.people.append(
                        SteppedPlay.Person(
                            workspace: recipe, start: min(test.start, first),
                            tested: Self.renamed(tested, "\(recipe)-\(number + 1)-\(tested.contact.name)")))
                    play.end = max(play.end, test.until ?? max(test.start, tested.events.last?.event.at ?? test.start))
                }
            }
        }
        play.end = play.end + .days(1)
        return play
    }

    /// Nobody is two people, and each has an address of their own.
    private static func renamed(_ tested: TestedContact, _ name: String) -> TestedContact {
        var attributes = tested.contact.attributes
        if attributes["email"] != nil { attributes["email"] = .string("\(name)@example.com") }
        return TestedContact(
            contact: PlayedContact(name: name, attributes: attributes, consents: tested.contact.consents),
            events: tested.events)
    }

    private static func files(in folder: URL) throws -> [String: String] {
        let paths = try FileManager.default.subpathsOfDirectory(atPath: folder.path)
        var files: [String: String] = [:]
        for path in paths where path.hasSuffix(".yaml") || path.hasSuffix(".mustache") {
            files[path] = try String(contentsOf: folder.appendingPathComponent(path), encoding: .utf8)
        }
        return files
    }
}

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
    @Test(.timeLimit(.minutes(10)))
    func everyRecipeDoesWhatTheSimulatorSays() async throws {
        let answers = try Self.play(port: 1).answers
        try await HTTPSink.with({ request, _ in Self.answer(to: request, among: answers) }) { sink in
            let play = try Self.play(port: sink.port)
            let simulated = try play.simulated()
            #expect(play.workspaces.count >= 7 && play.people.count >= 20, "\(play.people.count)")
            #expect(Set(play.workspaces.keys) == Set(simulated.mails.map { String($0.prefix { $0 != " " }) }))
            #expect(simulated.mails.count > 30 && simulated.mails.contains { $0.contains(" in nl ") })
            #expect(
                Set(simulated.calls.map { $0.split(separator: " ")[2] }).isSuperset(of: ["webhook:crm", "notify:sales"])
            )
            try await Cluster.with(
                services: ["scoring", "scheduler", "mailer"], clock: .stepped(at: play.start),
                settings: ["mailer": ["LOODS_WEBHOOK_ALLOW": "localhost:\(sink.port)"]], workspace: play.first
            ) { cluster in
                let live = try await play.live(on: cluster)
                #expect(live.mails == simulated.mails, "\(live.mails.difference(from: simulated.mails))")
                #expect(live.ends == simulated.ends, "\(live.ends.difference(from: simulated.ends))")
                #expect(live.calls == simulated.calls, "\(live.calls.difference(from: simulated.calls))")
                let requests = simulated.calls.count - simulated.calls.count { $0.contains(" notify:") }
                #expect(Set(sink.requests.map { $0.headers["webhook-id"] }).count == requests)
            }
        }
    }

    /// What the systems that a recipe tells something answer: what the test of that contact says, or nothing in particular.
    private static func answer(to request: HTTPSink.Request, among answers: [String: JSON]) -> HTTPSink.Answer? {
        let body = try? JSON(parsing: Array(request.body.utf8))
        guard let address = body?["contact"]?["email"]?.string, let answer = answers[address] else { return .init(200) }
        guard case .int(let status) = answer["status"] else { return .init(200) }
        let said = answer["body"].map { String(decoding: $0.serialized, as: UTF8.self) }
        return .init(Int(status), headers: ["content-type": "application/json"], body: said ?? "")
    }

    /// Each recipe under its own name, and for each of its tests people of their own, played as long as any.
    ///
    /// - Parameter port: of this machine, where all systems are that are told something.
    private static func play(port: Int) throws -> SteppedPlay {
        let folder = try #require(Terminal.checkout).appendingPathComponent("deploy/recipes")
        var play = SteppedPlay(workspaces: [:], people: [], end: .distantPast)
        for recipe in try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() {
            var files = try Self.files(in: folder.appendingPathComponent(recipe))
            let settings = try #require(files["workspace.yaml"])
            files["workspace.yaml"] = settings.replacing(/(?m)^workspace: .*$/, with: "workspace: \(recipe)")
                .replacing(/https:\/\/[a-z.]+\//, with: "http://localhost:\(port)/")
            let workspace = try #require(Workspace.load(files: files).workspace, "\(recipe)")
            let (tests, findings) = workspace.tests(in: files)
            #expect(findings.isEmpty && !tests.isEmpty, "\(recipe): \(findings)")
            if !TestEnvironment.hasChromium, files.keys.contains(where: { $0.hasPrefix("postcards/") }) {
                print("the recipe \(recipe) is left out: Chromium, which makes its postcards, is not installed")
                continue
            }
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
        var contact = PlayedContact(name: name, attributes: attributes, consents: tested.contact.consents)
        contact.answers = tested.contact.answers
        return TestedContact(contact: contact, events: tested.events)
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

extension SteppedPlay {
    /// What systems answer that are told something of somebody, by the address of that contact.
    fileprivate var answers: [String: JSON] {
        people.reduce(into: [:]) { answers, person in
            guard let answer = person.tested.contact.answers.first(where: { $0.key.hasPrefix("webhook:") })?.value
            else {
                return
            }
            answers[person.tested.contact.attributes["email"]?.string?.lowercased() ?? ""] = answer
        }
    }
}

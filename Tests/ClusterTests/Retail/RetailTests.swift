import Foundation
import Laboratory
import Model
import Simulation
import Testing
import TestSupport
import Workspaces

/// A year of a real shop's orders through journeys for the first and the second order, thirty days of silence and a
/// cancelled order: who is mailed what and when is what a script counts that knows nothing of our code.
@Suite(
    .enabled(if: RetailFile.path != nil, "LOODS_TEST_DATA has no online-retail"),
    .enabled(if: RetailFile.hasPython, "there is no python3"))
struct RetailTests {
    @Test(.timeLimit(.minutes(10)))
    func everyCustomerIsMailedAsCounted() async throws {
        let file = try await RetailFile.read()
        let sales = file.orders.filter { $0.kind == "Order Completed" }
        // As the data's own description has it.
        #expect(sales.count == 18_532 && Set(sales.map(\.customer)).count == 4338)
        let simulator = Simulator(try #require(Workspace.load(files: RetailFile.workspace).workspace))
        let people = try file.customers()
        let parts = try await Self.inParts(people) { person -> [String] in
            var play = ContactPlay(person.contact, in: simulator, at: RetailFile.start)
            play.run(person.events, until: RetailFile.end)
            return play.story.compactMap { line in
                switch line.what {
                case .sent(_, _, let template): "\(person.contact.name) \(template) \(line.at)"
                case .failed(let reason): "\(person.contact.name) cannot go on: \(reason)"
                default: nil
                }
            }
        }
        let planned = file.planned.map { $0.joined(separator: " ") }.sorted()
        let difference = parts.sorted().difference(from: planned)
        #expect(difference.isEmpty, "\(difference.count) of \(planned.count): \(difference.prefix(10))")
        #expect(Set(file.planned.map { $0[1] }) == Set(RetailFile.templates))
    }

    /// A few customers who between them are mailed everything that there is.
    @Test(.timeLimit(.minutes(10)))
    func someCustomersAreMailedSoByTheCluster() async throws {
        let file = try await RetailFile.read()
        let planned = Dictionary(grouping: file.planned) { $0[0] }
        var missing = Set(RetailFile.templates)
        var chosen: [TestedContact] = []
        for person in try file.customers() where person.events.count <= 5 && !missing.isEmpty {
            let had = Set((planned[person.contact.name] ?? []).map { $0[1] })
            guard had.intersection(missing).count > (missing.count > 3 ? 1 : 0) else { continue }
            missing.subtract(had)
            chosen.append(person)
        }
        #expect(missing.isEmpty)
        let play = SteppedPlay(
            workspaces: ["retail": RetailFile.workspace],
            people: chosen.map { person in
                SteppedPlay.Person(workspace: "retail", start: RetailFile.start, tested: person)
            }, end: RetailFile.end)
        let mails = chosen.flatMap { planned[$0.contact.name] ?? [] }.map { "retail " + $0.joined(separator: " ") }
        try await Cluster.with(
            services: ["scoring", "scheduler", "mailer"], clock: .stepped(at: play.start), workspace: play.first
        ) { cluster in
            let live = try await play.live(on: cluster)
            #expect(live.mails == mails.sorted(), "\(live.mails.difference(from: mails.sorted()))")
            let ends = try play.simulated().ends
            #expect(live.ends == ends, "\(live.ends.difference(from: ends))")
        }
    }

    /// Each of many is played for itself, on all processors.
    private static func inParts(
        _ people: [TestedContact], _ play: @escaping @Sendable (TestedContact) -> [String]
    ) async throws -> [String] {
        let width = 256
        return await withTaskGroup(of: [String].self) { group in
            for start in stride(from: 0, to: people.count, by: width) {
                let part = people[start..<min(start + width, people.count)]
                group.addTask { part.flatMap(play) }
            }
            return await group.reduce(into: []) { $0 += $1 }
        }
    }
}

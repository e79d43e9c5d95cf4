import ArgumentParser
import Foundation
import Model
import ServiceRuntime
import Simulation
import Workspaces

struct SimulateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate", abstract: "Play a contact, or a crowd, through a whole workspace on a virtual clock.",
        discussion: """
            --contact names a file with "start", "contact" and "events" as tests have them. --crowd draws people who do \
            what the workspace looks at: the same for the same seed. No server is needed.
            """)

    @Argument(help: "The workspace's folder.")
    var folder = "."
    @Option(help: "A file that says whom to play, and what happens to them.")
    var contact: String?
    @Option(help: "How many people to draw.")
    var crowd: Int?
    @Option(help: "What the crowd is drawn from.")
    var seed: UInt64 = 1
    @Option(name: .customLong("for"), help: "How long the crowd is played, such as 30d.", transform: Self.span)
    var span = Span.days(30)
    @Option(help: "The day on which the crowd begins.")
    var start = "2026-03-02"
    @OptionGroup var format: FormatOption

    private static func span(_ text: String) throws -> Span {
        guard let span = Span(text), span > .zero else {
            throw ValidationError("\"\(text)\" is no length of time such as 30d.")
        }
        return span
    }

    func validate() throws {
        guard (contact == nil) != (crowd == nil) else {
            throw ValidationError("Name either --contact FILE or --crowd N.")
        }
        if let crowd, !(1...1_000_000).contains(crowd) { throw ValidationError("--crowd takes 1 to 1,000,000.") }
    }

    func run() throws {
        let folder = try WorkspaceFolder(folder)
        let simulator = Simulator(try folder.workspace(format))
        if let contact { try play(contact, folder, simulator) } else { try draw(crowd ?? 0, simulator) }
    }

    // MARK: One contact

    private func play(_ file: String, _ folder: WorkspaceFolder, _ simulator: Simulator) throws {
        guard let data = FileManager.default.contents(atPath: file) else {
            throw ExitFault(code: .settings, message: "there is no file \(file)")
        }
        let name = URL(fileURLWithPath: file).lastPathComponent
        let (play, findings) = simulator.workspace.play(named: name, text: String(decoding: data, as: UTF8.self))
        try folder.refuse(findings, format)
        guard let play else { throw ExitFault(code: .failures, message: "\(file) says nothing to play") }
        let stories = PreparedTest(play, in: simulator).run().stories
        if format.json {
            Console.show(
                .array(
                    stories.map { story in
                        .object([
                            "contact": .string(story.contact),
                            "story": .array(story.lines.map { $0.json(since: play.start) }),
                        ])
                    }))
        } else {
            for story in stories { show(story, play) }
        }
    }

    private func show(_ story: TestResult.Story, _ play: JourneyTest) {
        print(Console.bold(Console.safe(story.contact)))
        let journeys = story.lines.map { $0.journey?.count ?? 0 }.max() ?? 0
        var day = ""
        for line in story.lines {
            let time = LocalTime(line.at, in: play.zone)
            if time.day != day {
                day = time.day
                print("  \(day)")
            }
            let journey = (line.journey ?? "").padded(to: journeys)
            print("    \(time.clock.padded(to: 8))  \(journey)  \(Console.safe(line.words(since: play.start)))")
        }
        print("  \(story.lines.count { $0.what.kind == "sent" }.counted("mail")) sent")
    }

    // MARK: A crowd

    private func draw(_ count: Int, _ simulator: Simulator) throws {
        let zone = simulator.workspace.zone
        guard let day = CalendarDate(start) else {
            throw ExitFault(code: .settings, message: "--start takes a day such as 2026-03-02")
        }
        let begin = zone.instant(ofWallClock: day.daysSince1970 * 86_400)
        guard begin + span < .distantFuture else {
            let end = "\(Timestamp.distantFuture)".prefix(10)
            throw ExitFault(
                code: .settings, message: "--start takes a day so early that all is played before \(end)")
        }
        let people = Crowd(simulator.workspace, seed: seed, from: begin, for: span)
        var account = CrowdCount(from: begin, in: zone)
        CrowdPlay(simulator, people: people, count: count, from: begin, until: begin + span).play { account.add($0) }
        let telling = CrowdTelling(workspace: simulator.workspace, account: account, span: span, seed: seed)
        if format.json { Console.show(telling.json) } else { telling.show() }
        if !account.failures.isEmpty { throw ArgumentParser.ExitCode(1) }
    }
}

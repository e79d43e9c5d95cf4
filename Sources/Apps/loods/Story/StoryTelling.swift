import Expressions
import JourneyProgram
import Model
import Store
import Workspaces

/// Tells a contact's story in time order.
struct StoryTelling {
    let portrait: ContactPortrait
    /// What gave points, by the place of its event.
    let pointLines: [HistoryPosition: [(score: String, line: ScoreAccount.Line)]]

    init(portrait: ContactPortrait) {
        self.portrait = portrait
        pointLines = Dictionary(
            grouping: portrait.accounts.flatMap { account in account.lines.map { (account.model.name, $0) } },
            by: \.1.event.position)
    }

    var story: Story { portrait.story }

    func local(_ time: Timestamp) -> LocalTime { LocalTime(time, in: portrait.zone) }

    /// Everything that happened, in order.
    var lines: [StoryLine] {
        (eventLines + stageLines + segmentLines + consentLines + decisionLines + mailLines).sorted { $0 < $1 }
    }

    /// The account for people, a line each.
    var account: [String] {
        var account = portrait.lines
        if story.omittedEvents > 0 {
            account.append("\n\(Int(story.omittedEvents).counted("earlier event")) left out; --events shows more")
        }
        var day: String?
        for line in lines {
            let time = local(line.at)
            if time.day != day {
                account.append("\n\(Console.bold(time.day))" + (day == nil ? "   \(portrait.zone.name)" : ""))
                day = time.day
            }
            account.append(
                "  \(time.clock.padded(to: 8))  \(Console.dim("\(line.kind)".padded(to: 7)))  \(Console.safe(line.text))"
            )
        }
        account.append("\n\(Console.bold("Now")), \(local(portrait.now).full)")
        let waits = waits.map(\.text)
        account += waits.isEmpty ? ["  nothing is under way"] : waits.map { "  \(Console.safe($0))" }
        return account
    }

    var json: JSON {
        .object([
            "contact": portrait.json, "now": .string(portrait.now.description), "zone": .string(portrait.zone.name),
            "omitted_events": .int(story.omittedEvents), "story": .array(lines.map(\.json)),
            "waits": .array(waits.map(\.json)),
        ])
    }
}

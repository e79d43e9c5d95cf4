import JourneyProgram
import Model
import Simulation
import Workspaces

/// What a crowd came to, for people and for scripts.
struct CrowdTelling {
    let workspace: Workspace
    let account: CrowdCount
    let span: Span
    let seed: UInt64

    private var journeys: [String] { workspace.journeys.map(\.journey.name) }

    func show() {
        print("\(account.contacts.counted("contact")) over \(span), drawn from seed \(seed)\n")
        Self.show(stepRows)
        print("")
        Self.show(runRows)
        for name in journeys {
            guard let turned = account.runs[name]?.turnedAway, turned > 0 else { continue }
            print("the cap of \(name) turned \(turned.counted("entry", "entries")) away")
        }
        print("")
        Self.show(dayRows)
        if !account.stages.isEmpty {
            let stages = workspace.stages.map { "\($0.name) \((account.stages[$0.name] ?? 0).grouped)" }
            print("\nstages reached: " + stages.joined(separator: " → "))
        }
        print("at most \(account.most.counted("mail")) to one contact")
        for failure in account.failures.sorted() { print("cannot go on: \(failure)") }
    }

    /// The first column is text, all others are numbers.
    static func show(_ rows: [[String]]) {
        let widths = rows.reduce(into: [Int]()) { widths, row in
            for (place, cell) in row.enumerated() {
                if place == widths.count { widths.append(0) }
                widths[place] = max(widths[place], cell.count)
            }
        }
        for (number, row) in rows.enumerated() {
            let line = row.enumerated().map { place, cell in
                place == 0 ? cell.padded(to: widths[0]) : cell.leading(to: widths[place])
            }.joined(separator: "  ")
            print(number == 0 ? Console.dim(line) : line)
        }
    }

    private var stepRows: [[String]] {
        [["mails", "sent", "not sent", "held"]]
            + workspace.journeys.flatMap { definition in
                definition.journey.sendingSteps.map { step in
                    let place = CrowdCount.Step(journey: definition.journey.name, step: step)
                    let mails = account.mails[place] ?? CrowdCount.Mails()
                    return [
                        "\(place.journey)/\(place.step)", mails.sent.grouped, mails.skipped.grouped, mails.held.grouped,
                    ]
                }
            }
    }

    private var runRows: [[String]] {
        [["journeys", "entered", "goal", "exit", "completed", "under way"]]
            + journeys.map { name in
                let runs = account.runs[name] ?? CrowdCount.Runs()
                let ends = Happening.Outcome.allCases.map { (runs.ended[$0] ?? 0).grouped }
                return [name, runs.started.grouped] + ends + [runs.underWay.grouped]
            }
    }

    private var dayRows: [[String]] {
        let days = account.days.keys.sorted()
        return [["mails on day"] + journeys + ["all"]]
            + days.map { day in
                let counts = journeys.map { account.days[day]?[$0] ?? 0 }
                return ["\(day + 1)"] + counts.map(\.grouped) + [counts.reduce(0, +).grouped]
            }
    }

    var json: JSON {
        var members = account.json.object ?? [:]
        members["seed"] = .string(String(seed))
        members["for"] = .string(span.description)
        return .object(members)
    }
}

extension CrowdCount {
    /// All that was counted.
    var json: JSON {
        func number(_ value: Int) -> JSON { .int(Int64(value)) }
        return .object([
            "contacts": number(contacts), "most_mails": number(most),
            "mails": .array(
                mails.sorted { ($0.key.journey, $0.key.step) < ($1.key.journey, $1.key.step) }.map {
                    .object([
                        "journey": .string($0.key.journey), "step": .string($0.key.step), "sent": number($0.value.sent),
                        "skipped": number($0.value.skipped), "held": number($0.value.held),
                    ])
                }),
            "journeys": .object(
                Dictionary(
                    runs.map { name, runs in
                        var members = runs.ended.map { ($0.key.rawValue, number($0.value)) }
                        members += [("entered", number(runs.started)), ("under_way", number(runs.underWay))]
                        members.append(("turned_away", number(runs.turnedAway)))
                        return (name, JSON.object(Dictionary(members) { first, _ in first }))
                    }
                ) { first, _ in first }),
            "days": .array(
                days.sorted { $0.key < $1.key }.map { day, counts in
                    .object(["day": number(day + 1), "mails": .object(counts.mapValues(number))])
                }),
            "stages": .object(stages.mapValues(number)),
            "failures": .array(failures.sorted().map { .string($0) }),
        ])
    }
}

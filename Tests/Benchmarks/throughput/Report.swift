import Foundation

/// What the person at the terminal reads; with `--json` on standard error, and the array alone on standard output.
struct Report {
    private let options: Options
    private let machine: MachineFacts
    private let surroundings: Surroundings

    init(_ options: Options, _ machine: MachineFacts, _ surroundings: Surroundings) {
        self.options = options
        self.machine = machine
        self.surroundings = surroundings
    }

    func note(_ line: String) {
        (options.isJSON ? FileHandle.standardError : FileHandle.standardOutput).write(Data((line + "\n").utf8))
    }

    func open(disk: Double?) {
        note("\(machine.text); \(surroundings.versions)")
        note("the disk makes 8 KB durable in \(disk.map(Figures.short) ?? "?") µs (median fdatasync)")
        if options.parts.contains(.mailer) {
            let bare = surroundings.smtpSource == nil ? "our own SMTP connections" : "Postfix's smtp-source"
            note("bare SMTP is \(bare) on \(surroundings.mailSessions) connections, as many as a mailer opens")
        }
        // What it is held against is said, not measured.
        guard options.parts != [.pace] else { return }
        note(
            "each subject takes turns with its floor, \(Sizes.rounds) times; a floor is the least that must be done here"
        )
    }

    func close(_ samples: [Series: [Sample]], delays: [Delays] = [], disk: Double?) throws {
        let verdicts = Finding.all.filter { options.parts.contains($0.part) }.compactMap { Verdict($0, samples) }
        note("\nRATES (median of the rounds, and the extremes)")
        for series in Series.allCases { if let taken = samples[series] { rate(series, taken) } }
        note("\nRATIOS (subject / floor of the same round: the median, and the extremes)")
        for verdict in verdicts { line(verdict) }
        if !delays.isEmpty { note("\nDELAYS") }
        for delay in delays { note("  \(delay.text)") }
        note(
            "\nWHERE THE TIME GOES (core-µs, medians; this machine has \(machine.cores) million of them a second)"
        )
        for series in Series.allCases where !series.isDelay {
            if let taken = samples[series] { profile(series, taken) }
        }
        note("\nthe disk made 8 KB durable in \(disk.map(Figures.short) ?? "?") µs at the end")
        noise(samples)
        guard options.isJSON else { return }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let outcomes = verdicts.map(Outcome.init) + delays.map(Outcome.init)
        FileHandle.standardOutput.write(try encoder.encode(outcomes) + Data("\n".utf8))
    }

    private func rate(_ series: Series, _ taken: [Sample]) {
        if series.isDelay { return delay(series, taken.map { 1000 / $0.rate }) }
        let rates = taken.map(\.rate)
        let range = "\(Figures.short(rates.min() ?? 0)) to \(Figures.short(rates.max() ?? 0))"
        note("\(Figures.right(rates.median, 12)) \(series.unit)s/s  (\(range))  \(series.meaning)")
    }

    private func delay(_ series: Series, _ milliseconds: [Double]) {
        let range = "\(Figures.short(milliseconds.min() ?? 0)) to \(Figures.short(milliseconds.max() ?? 0))"
        note("\(Figures.right(milliseconds.median, 12)) ms  (\(range))  \(series.meaning)")
    }

    private func line(_ verdict: Verdict) {
        var text =
            "\(Figures.ratio(verdict.ratio))  (\(Figures.ratio(verdict.lowest)) to \(Figures.ratio(verdict.highest)))"
        text += "  \(verdict.finding.goal): \(Figures.short(verdict.subject)) / \(Figures.short(verdict.floor))"
        if let must = verdict.finding.must, let aim = verdict.finding.aim { text += "; must \(must), aim \(aim)" }
        note("  \(text)")
    }

    private func profile(_ series: Series, _ taken: [Sample]) {
        let names = Set(taken.flatMap(\.work.keys))
        let costs = names.map { name in (name: name, cost: taken.map { $0.cost[name] ?? 0 }.median) }
            .filter { $0.cost >= 0.05 }.sorted { $0.cost > $1.cost }
        guard !costs.isEmpty else { return }
        let all = costs.reduce(0) { $0 + $1.cost }
        let busy = taken.map { $0.work.values.reduce(0, +) / $0.seconds / Double(machine.cores) }.median
        let parts = costs.map { "\($0.name) \(Figures.cost($0.cost))" }.joined(separator: ", ")
        note(
            "  \(series.rawValue): \(Figures.cost(all)) per \(series.unit) = \(parts); \(Int(busy * 100)) % of the machine"
        )
    }

    private func noise(_ samples: [Series: [Sample]]) {
        for series in Series.allCases where series.isFloor && !series.isDelay {
            let variation = (samples[series] ?? []).map(\.rate).variation
            guard variation > 0.15 else { continue }
            note(
                "TOO NOISY: the floor \(series.rawValue) varies by \(Int(variation * 100)) % from round to round (15 % allowed)"
            )
        }
    }
}

/// Numbers for people.
enum Figures {
    /// Whole, with commas; a fraction where it is small.
    static func short(_ number: Double) -> String {
        guard number.isFinite else { return "?" }
        if number < 10 { return String(format: "%.2f", number) }
        let digits = String(Int(number.rounded()))
        return String(
            digits.reversed().enumerated().flatMap { $0 > 0 && $0 % 3 == 0 ? [",", $1] : [$1] }.reversed())
    }

    static func right(_ number: Double, _ width: Int) -> String {
        let text = short(number)
        return String(repeating: " ", count: max(0, width - text.count)) + text
    }

    static func ratio(_ number: Double) -> String { String(format: number < 0.1 ? "%.4f" : "%.2f", number) }

    static func cost(_ number: Double) -> String { String(format: number < 10 ? "%.1f" : "%.0f", number) }
}

/// Tells how far long work is: a bar where somebody looks, else a line every five seconds.
struct Progress {
    private let start = ContinuousClock.now
    private var lastShown: ContinuousClock.Instant?
    private let what: String

    /// - Parameter what: plural, as "events".
    init(_ what: String) { self.what = what }

    var elapsed: Duration { .now - start }

    /// - Parameter fraction: of the whole, 0 to 1.
    mutating func show(_ count: Int, fraction: Double) {
        let pause: Duration = Console.showsProgress ? .milliseconds(100) : .seconds(5)
        guard (lastShown ?? start) + pause <= .now else { return }
        lastShown = .now
        let rate = "\(count.grouped) \(what)  \(perSecond(count).grouped)/s\(left(fraction))"
        if Console.showsProgress {
            Console.overwrite("\(bar(fraction)) \(String(Int(fraction * 100)).leading(to: 3)) %  \(rate)")
        } else {
            Console.note("\(Int(fraction * 100)) %  \(rate)")
        }
    }

    /// Takes the bar away.
    func end() {
        if lastShown != nil, Console.showsProgress { Console.overwrite("") }
    }

    func perSecond(_ count: Int) -> Int {
        let seconds = elapsed / .seconds(1)
        return seconds > 0 ? Int(Double(count) / seconds) : 0
    }

    private func bar(_ fraction: Double) -> String {
        let full = Int(min(1, max(0, fraction)) * 24)
        return String(repeating: "█", count: full) + String(repeating: "░", count: 24 - full)
    }

    private func left(_ fraction: Double) -> String {
        guard fraction > 0.01, fraction < 1 else { return "" }
        return "  about \((elapsed * ((1 - fraction) / fraction)).brief) left"
    }
}

extension Duration {
    /// `0.4 s`, `12 s`, `3 m 20 s`, `2 h 5 m`.
    var brief: String {
        let seconds = self / .seconds(1)
        let whole = Int(seconds.rounded())
        if seconds < 9.95 { return "\((seconds * 10).rounded() / 10) s" }
        if whole < 60 { return "\(whole) s" }
        return whole < 3600 ? "\(whole / 60) m \(whole % 60) s" : "\(whole / 3600) h \(whole % 3600 / 60) m"
    }
}

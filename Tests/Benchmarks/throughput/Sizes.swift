/// How many items one measurement takes: enough for a few seconds, within the time that there is.
struct Sizes: Sendable {
    /// People in the store before anything is measured.
    var contacts = 20_000
    var events = 200_000
    var singles = 30_000
    var mails = 10_000

    static let rounds = 3

    /// - Parameters:
    ///   - eventRate, mailRate: as the warming up had them.
    ///   - seconds: for one measurement.
    mutating func fit(eventRate: Double, mailRate: Double?, seconds: Double) {
        events = Self.hundreds(eventRate * seconds, in: 5_000...200_000)
        singles = Self.hundreds(eventRate * seconds / 4, in: 2_000...30_000)
        if let mailRate { mails = Self.hundreds(mailRate * seconds, in: 300...10_000) }
    }

    /// Smaller by a factor, where the rounds take longer than there is time.
    mutating func shrink(by factor: Double) {
        guard factor < 1 else { return }
        events = Self.hundreds(Double(events) * factor, in: 5_000...200_000)
        singles = Self.hundreds(Double(singles) * factor, in: 2_000...30_000)
        mails = Self.hundreds(Double(mails) * factor, in: 300...10_000)
    }

    private static func hundreds(_ number: Double, in range: ClosedRange<Int>) -> Int {
        min(max(Int(number) / 100 * 100, range.lowerBound), range.upperBound)
    }
}

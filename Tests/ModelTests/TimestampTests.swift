import Model
import Testing

struct TimestampTests {
    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0),
        ("1969-12-31T23:59:59.999999Z", -1),
        ("2026-03-02T09:00:00+01:00", 1_772_438_400_000_000),
        ("2026-03-02T09:00:00+0100", 1_772_438_400_000_000),
        ("2026-03-02t08:00z", 1_772_438_400_000_000),
        ("2026-03-02 08:00:00.000Z", 1_772_438_400_000_000),
        ("2026-03-02", 1_772_409_600_000_000),
        ("2000-02-29T00:00:00Z", 951_782_400_000_000),
        ("2024-12-31T23:59:59.1234567Z", 1_735_689_599_123_456),
        ("2024-12-31T23:59:59,5Z", 1_735_689_599_500_000),
        ("0001-01-01T00:00:00Z", -62_135_596_800_000_000),
        ("9999-12-31T23:59:59.999999Z", 253_402_300_799_999_999),
        ("2026-01-01T00:30:00-23:59", 1_767_313_740_000_000),
    ])
    func isRead(text: String, microseconds: Int64) {
        #expect(Timestamp(iso8601: text)?.microseconds == microseconds)
    }

    @Test(arguments: [
        "", "2026", "2026-3-2", "2026-13-01", "2026-00-01", "2026-01-00", "2026-02-29", "2100-02-29", "2026-04-31",
        "0000-01-01", "2026-03-02T", "2026-03-02T09", "2026-03-02T24:00:00Z", "2026-03-02T09:60Z",
        "2026-03-02T09:00:60Z", "2026-03-02T09:00:00", "2026-03-02T09:00:00.Z", "2026-03-02T09:00:00+1:00",
        "2026-03-02T09:00:00+24:00", "2026-03-02T09:00:00+01:60", "2026-03-02T09:00:00ZZ", " 2026-03-02",
        "2026-03-02 ", "+2026-03-02", "-2026-03-02", "２０２６-03-02", "2026-03-02T09:00:00 Z", "20260302",
    ])
    func isRefused(text: String) {
        #expect(Timestamp(iso8601: text) == nil)
    }

    @Test(arguments: [
        (0, "1970-01-01T00:00:00Z"),
        (-1, "1969-12-31T23:59:59.999999Z"),
        (1_000, "1970-01-01T00:00:00.001Z"),
        (1_001, "1970-01-01T00:00:00.001001Z"),
        (951_782_400_000_000, "2000-02-29T00:00:00Z"),
        (-62_135_596_800_000_000, "0001-01-01T00:00:00Z"),
    ])
    func isWritten(microseconds: Int64, text: String) {
        #expect(Timestamp(microseconds: microseconds).description == text)
    }

    @Test func whatIsWrittenIsReadAgain() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            let time = Timestamp(
                microseconds: .random(in: -62_135_596_800_000_000...253_402_300_799_999_999, using: &generator))
            #expect(Timestamp(iso8601: time.description) == time)
        }
    }

    @Test func everyDayFollowsTheLast() {
        var last = Timestamp(iso8601: "1896-01-01")!
        for _ in 0..<(400 * 366) where last.microseconds < 4_000_000_000_000_000 {
            let next = last + .days(1)
            let isNext = last.description < next.description && Timestamp(iso8601: next.description) == next
            if !isNext { Issue.record("\(last) → \(next)") }
            last = next
        }
        #expect(last.description == "2096-10-03T00:00:00Z")
    }

    @Test func farTimesCanBeWrittenAndCompared() {
        #expect(Timestamp.distantPast < Timestamp(iso8601: "0001-01-01")!)
        #expect(Timestamp.distantFuture > Timestamp(iso8601: "2200-01-01")!)
        for far in [Timestamp.distantPast, .distantFuture] { #expect(!far.description.isEmpty) }
    }

    @Test func flooredDivisionRoundsDown() {
        for (dividend, quotient, remainder) in [(7, 2, 1), (-7, -3, 2), (-6, -2, 0), (0, 0, 0), (-1, -1, 2)] {
            let result = Int64(dividend).flooredDivision(by: 3)
            #expect(result.quotient == Int64(quotient) && result.remainder == Int64(remainder))
        }
    }
}

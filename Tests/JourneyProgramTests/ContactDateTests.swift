import JourneyProgram
import Model
import Testing

/// Dates among a contact's attributes, anniversaries, and days on which nobody works.
struct ContactDateTests {
    private let amsterdam = LocalZone("Europe/Amsterdam")!

    @Test(arguments: [
        // A bare date is its midnight where the contact is, and a timestamp what it says.
        ("2026-03-10", "0s", nil, "2026-03-09T23:00:00Z"),
        ("2026-03-10", "0s", 540, "2026-03-10T08:00:00Z"),
        ("2026-03-10T22:15:00Z", "0s", nil, "2026-03-10T22:15:00Z"),
        ("2026-03-10T23:30:00Z", "0s", 540, "2026-03-11T08:00:00Z"),
        ("2026-03-10T23:30:00+05:00", "0s", 540, "2026-03-10T08:00:00Z"),
        // Days go by the calendar over the change of 29 March, and hours by time.
        ("2026-03-30", "-1d", 540, "2026-03-29T07:00:00Z"),
        ("2026-03-30", "-2d", 540, "2026-03-28T08:00:00Z"),
        ("2026-03-29", "12h", nil, "2026-03-29T11:00:00Z"),
        ("2026-03-29", "-12h", nil, "2026-03-28T11:00:00Z"),
        ("2026-03-10", "1d6h", nil, "2026-03-11T05:00:00Z"),
    ])
    func aDateIsAnInstant(value: String, offset: String, minute: Int?, expected: String) throws {
        let length = try #require(Span(offset.replacing("-", with: "")))
        let span = offset.hasPrefix("-") ? Span(microseconds: -length.microseconds) : length
        let date = ContactDate(path: ["ends"], offset: span, minuteOfDay: minute)
        let found = date.first(after: .distantPast, of: .object(["ends": .string(value)]), in: amsterdam)
        #expect(found?.at.description == expected)
    }

    @Test(arguments: [
        ("1990-05-14", "2026-05-14", "2026-05-14T07:00:00Z"), ("--05-14", "2026-05-14", "2026-05-14T07:00:00Z"),
        ("1990-01-14", "2027-01-14", "2027-01-14T08:00:00Z"),
        // Whoever is born on 29 February has a birthday every year.
        ("1992-02-29", "2027-02-28", "2027-02-28T08:00:00Z"), ("--02-29", "2027-02-28", "2027-02-28T08:00:00Z"),
        // The day itself is no anniversary.
        ("2026-05-14", "2027-05-14", "2027-05-14T07:00:00Z"), ("2040-05-14", "2041-05-14", "2041-05-14T07:00:00Z"),
    ])
    func anniversariesComeEveryYear(value: String, key: String, expected: String) throws {
        let date = ContactDate(path: ["born"], minuteOfDay: 540, isYearly: true)
        let now = Timestamp(iso8601: "2026-03-02T09:00:00Z")!
        let next = try #require(date.first(after: now, of: .object(["born": .string(value)]), in: amsterdam))
        #expect(next.key == key && next.at.description == expected)
        #expect(date.first(after: next.at, of: .object(["born": .string(value)]), in: amsterdam)!.at > next.at)
    }

    /// One date has one key, wherever the contact is when it comes.
    @Test(arguments: [
        ("1990-12-31T23:30:00Z", true, ["2026-12-31T23:30:00Z", "2027-12-31T23:30:00Z"]),
        ("1992-02-29T03:00:00Z", true, ["2026-02-28T03:00:00Z", "2027-02-28T03:00:00Z", "2028-02-29T03:00:00Z"]),
        ("2026-12-31T23:30:00Z", false, ["2026-12-31T23:30:00Z"]), ("2026-12-31", false, ["2026-12-31"]),
        ("1990-12-31", true, ["2026-12-31", "2027-12-31"]),
    ])
    func aKeyIsTheSameInEveryZone(value: String, isYearly: Bool, keys: [String]) {
        let contact = JSON.object(["day": .string(value)])
        for name in ["America/New_York", "Europe/Amsterdam", "Pacific/Kiritimati"] {
            for minute in [nil, 540] {
                let date = ContactDate(path: ["day"], minuteOfDay: minute, isYearly: isYearly)
                let found = date.occurrences(
                    from: Timestamp(iso8601: "2026-02-20")!, through: Timestamp(iso8601: "2028-03-08")!, of: contact,
                    in: LocalZone(name)!)
                #expect(Array(found.map(\.key).prefix(keys.count)) == keys, "\(name) \(String(describing: minute))")
            }
        }
    }

    @Test func whatIsNoDateNeverComes() {
        let dates = [ContactDate(path: ["born"]), ContactDate(path: ["born"], isYearly: true)]
        let values: [JSON] = [
            .string(""), .string("soon"), .string("2026-02-30"), .string("--02-30"), .string("14-05-1990"), .int(7),
            .null,
            .object([:]), .string("--5-14"),
        ]
        for date in dates {
            for value in values {
                #expect(date.first(after: .distantPast, of: .object(["born": value]), in: .utc) == nil, "\(value)")
            }
            #expect(date.first(after: .distantPast, of: .object([:]), in: .utc) == nil)
            #expect(date.first(after: .distantPast, of: .null, in: .utc) == nil)
        }
        #expect(dates[0].first(after: .distantPast, of: .object(["born": .string("--05-14")]), in: .utc) == nil)
    }

    /// Whatever the zone and the offset, one comes after the other, a year apart, and none is left out.
    @Test(arguments: 0..<60) func occurrencesOfAWindowAreThoseOfItsParts(seed: UInt64) throws {
        var dice = Dice(seed: seed)
        let zone = LocalZone(
            ["Pacific/Kiritimati", "America/St_Johns", "Europe/Amsterdam", "Australia/Lord_Howe"][dice.below(4)])!
        let date = ContactDate(
            path: ["born"], offset: .hours(Int64(dice.below(366 * 48)) - 366 * 24),
            minuteOfDay: dice.below(2) == 0 ? dice.below(1440) : nil, isYearly: true)
        let born = CalendarDate(daysSince1970: Int64(dice.below(20_000)))
        let contact = JSON.object(["born": .string("\(born)")])
        let start = Timestamp(seconds: Int64(dice.below(1_700_000_000)))
        let end = start + .days(Int64(366 * 12 + dice.below(400)))
        let whole = date.occurrences(from: start, through: end, of: contact, in: zone)
        var parts: [ContactDate.Occurrence] = []
        var from = start
        while from <= end {
            let to = min(from + .hours(Int64(dice.below(20_000))), end)
            parts += date.occurrences(from: from, through: to, of: contact, in: zone)
            from = to + Span(microseconds: 1)
        }
        #expect(whole == parts)
        for (one, next) in zip(whole, whole.dropFirst()) {
            #expect(next.at - one.at > .days(363) && next.at - one.at < .days(368))
            #expect(Int(next.key.prefix(4)) == Int(one.key.prefix(4))! + 1)
        }
    }

    @Test func aWaitEndsWhenTheDateComes() throws {
        let steps: [Step] = [
            .waitUntilDate(ContactDate(path: ["ends"], offset: .days(-1), minuteOfDay: 540)),
            .email(name: "a", template: "a"),
        ]
        for (value, told) in [("2026-03-12", "9d a"), ("2026-03-01", "0s a"), ("never", "0s a")] {
            var play = Play(try journey(steps), contact: .object(["ends": .string(value)]))
            #expect(try play.run([("0s", "Start")]).first == told)
            #expect(play.decisions.contains { $0.choice == "no date" } == (value == "never"))
        }
        // It is fixed on arrival.
        var play = Play(try journey(steps), contact: .object(["ends": .string("2026-03-12")]))
        _ = try play.run([("0s", "Start")], until: "1h")
        play.facts.contact = .object(["ends": .string("2026-03-30")])
        #expect(try play.run([("2d", "Noise")]).first == "9d a")
    }

    @Test func workdaysLeaveOutHolidays() throws {
        var holidays = Holidays()
        for text in ["2026-04-06", "12-25", "2026-02-29", "13-01", "25-12-2026", "Easter", ""] {
            let isAdded = holidays.add(text)
            #expect(isAdded == ["2026-04-06", "12-25"].contains(text))
        }
        let daily = try #require(DailyTime("09:00", days: DailyTime.workdays, holidays: holidays))
        func next(_ time: String) -> String {
            daily.first(notBefore: Timestamp(iso8601: time)!, in: amsterdam).description
        }
        #expect(next("2026-04-03T12:00:00Z") == "2026-04-07T07:00:00Z")
        #expect(next("2026-12-24T12:00:00Z") == "2026-12-28T08:00:00Z")
        #expect(next("2028-12-24T12:00:00Z") == "2028-12-26T08:00:00Z")
    }
}

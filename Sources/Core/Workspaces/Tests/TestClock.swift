import Model

/// The clock of a test: when it begins, and how its instants are written.
struct TestClock {
    let start: Timestamp
    let zone: LocalZone

    /// Reads `2026-03-02T10:00 Europe/Amsterdam`; without a zone it is the workspace's. Nil, and reported, for what is none.
    init?(_ node: YAMLNode, _ home: LocalZone, _ inspection: Inspection) {
        guard let text = inspection.text(node, "\"start\"") else { return nil }
        let parts = text.split(separator: " ", maxSplits: 1)
        let zone = parts.count == 2 ? LocalZone(String(parts[1])) : home
        guard let zone else {
            inspection.report(
                .unknownName, "unknown time zone \"\(parts[1])\"", at: node.place,
                help: "a name of the IANA database, such as Europe/Amsterdam, or UTC")
            return nil
        }
        guard let start = Self.local(String(parts[0]), in: zone) else {
            inspection.report(
                .invalid, "\"start\" must be a date and a time", at: node.place,
                help: "such as 2026-03-02T10:00 Europe/Amsterdam")
            return nil
        }
        guard Self.isWithin(start) else {
            inspection.report(.invalid, "\"start\" is \(Self.beyond)", at: node.place, help: Self.within)
            return nil
        }
        self.start = start
        self.zone = zone
    }

    /// Time ends somewhere: nothing is waited for until then.
    private static func isWithin(_ time: Timestamp) -> Bool { time < .distantFuture }

    private static let beyond = "beyond the time that there is"
    private static let within = "it ends \(Timestamp.distantFuture)"

    /// Reads a length of time since the start, such as `2d1h` or `-3d`, or a date and a time in the test's zone.
    func instant(_ node: YAMLNode, _ what: String, _ inspection: Inspection) -> Timestamp? {
        if let text = node.text {
            let isBefore = text.hasPrefix("-")
            let span = Span(isBefore ? String(text.dropFirst()) : text).map { isBefore ? start - $0 : start + $0 }
            if let instant = span ?? Self.local(text, in: zone) {
                if Self.isWithin(instant) { return instant }
                inspection.report(.invalid, "\(what) is \(Self.beyond)", at: node.place, help: Self.within)
                return nil
            }
        }
        inspection.report(
            .invalid, "\(what) must be a length of time since the start, or a date and a time", at: node.place,
            help: "such as 2d1h, or 2026-03-05T09:00")
        return nil
    }

    /// `2026-03-02T10:00`, with or without seconds, on the clocks of a zone; or an instant with its offset.
    private static func local(_ text: String, in zone: LocalZone) -> Timestamp? {
        let isDate = text.utf8.count == 10
        if let wall = Timestamp(iso8601: isDate ? text + "T00:00Z" : text + "Z") {
            return zone.instant(ofWallClock: wall.microseconds.flooredDivision(by: 1_000_000).quotient)
        }
        return Timestamp(iso8601: text)
    }
}

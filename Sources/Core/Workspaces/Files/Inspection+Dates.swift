import JourneyProgram
import Model

extension Inspection {
    /// The longest offset from a date.
    private static let longestOffset = Span.days(366)

    /// A date among the contact's attributes, under a key, with its offset, time of day and whether it is yearly.
    func contactDate(_ fields: Fields, _ key: String) -> ContactDate? {
        let offset = fields["offset"].map(self.offset) ?? Span.zero
        let minute = fields["at"].map(self.minuteOfDay)
        let isYearly = fields["yearly"].map { flag($0, "\"yearly\"") } ?? false
        guard let path = fields.required(key).flatMap(self.path), let offset, let isYearly else { return nil }
        if let minute, minute == nil { return nil }
        return ContactDate(path: path, offset: offset, minuteOfDay: minute ?? nil, isYearly: isYearly)
    }

    private func path(_ node: YAMLNode) -> [String]? {
        let parts = (node.text ?? "").split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.count > 1, parts[0] == "contact", parts.dropFirst().allSatisfy(\.isAttributeName) else {
            report(
                .invalid, "\"\(node.text ?? "")\" is not an attribute of the contact", at: node.place,
                help: "such as contact.trial_ends: letters, digits and '_'")
            return nil
        }
        return Array(parts.dropFirst())
    }

    /// A length of time before, with a minus sign, or after.
    private func offset(_ node: YAMLNode) -> Span? {
        let text = node.text ?? ""
        let length = Span(text.hasPrefix("-") || text.hasPrefix("+") ? String(text.dropFirst()) : text)
        guard let length, length <= Self.longestOffset else {
            report(
                .invalid, "\"offset\" must be a length of time of a year at most", at: node.place,
                help: "such as -7d for a week before, or 12h for half a day after")
            return nil
        }
        return text.hasPrefix("-") ? Span(microseconds: -length.microseconds) : length
    }

    func minuteOfDay(_ node: YAMLNode) -> Int? {
        if let time = node.text.flatMap({ DailyTime($0) }) { return time.hour * 60 + time.minute }
        report(.invalid, "\"at\" must be a time of day", at: node.place, help: "HH:MM in quotes, such as \"09:00\"")
        return nil
    }
}

extension String {
    /// Whether conditions can name an attribute so.
    var isAttributeName: Bool {
        guard let first = utf8.first, !(48...57).contains(first), utf8.count <= 64 else { return false }
        return utf8.allSatisfy {
            $0 == UInt8(ascii: "_") || (48...57).contains($0) || (97...122).contains($0 | 0x20) && $0 & 0x40 != 0
        }
    }
}

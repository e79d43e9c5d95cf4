import Model
import Transit

/// What a provider tells of one mail.
struct ProviderReport: Sendable, Hashable {
    /// Reports in one request at most.
    static let limit = 100

    /// The sender on the mail's envelope, by whose token it is known: `b+TOKEN@HOST`, or no more than `b+TOKEN`.
    var returnPath: String
    var event: ProviderEvent

    /// Reads `{"events": […]}`.
    static func all(in text: some Collection<UInt8>) throws(EdgeError) -> [ProviderReport] {
        let body = try Members(text)
        try body.allow("events")
        guard case .array(let events)? = body.all["events"] else {
            throw EdgeError(.invalid, "is not a list", field: "events")
        }
        guard (1...limit).contains(events.count) else {
            throw EdgeError(.invalid, "has \(events.count) events; 1 to \(limit) are taken", field: "events")
        }
        var reports: [ProviderReport] = []
        for (index, event) in events.enumerated() { reports.append(try ProviderReport(event, at: "events[\(index)]")) }
        return reports
    }

    private init(_ event: JSON, at place: String) throws(EdgeError) {
        guard let members = event.object.map({ Members($0, in: place) }) else {
            throw EdgeError(.invalid, "is not an object", field: place)
        }
        try members.allow("type", "return_path", "status", "reply_code", "reason")
        guard let type = try members.text("type", atMost: 32), let kind = ProviderEvent.Kind(rawValue: type) else {
            let kinds = ProviderEvent.Kind.allCases.map(\.rawValue).joined(separator: ", ")
            throw EdgeError(.invalid, "is none of \(kinds)", field: "\(place).type")
        }
        guard let returnPath = try members.text("return_path", atMost: 254) else {
            throw EdgeError(
                .invalid, "the address that the mail would come back to is missing", field: "\(place).return_path")
        }
        let status = try members.text("status", atMost: 11)
        guard status.map(Self.isStatus) ?? true else {
            throw EdgeError(.invalid, "is no enhanced status code such as 5.1.1", field: "\(place).status")
        }
        self.returnPath = returnPath
        self.event = ProviderEvent(
            kind, status: status, replyCode: try Self.replyCode(members, place),
            reason: try members.text("reason", atMost: 1000) ?? "")
    }

    private static func replyCode(_ members: Members, _ place: String) throws(EdgeError) -> Int? {
        guard let value = members.all["reply_code"] else { return nil }
        guard case .int(let code) = value, (200...599).contains(code) else {
            throw EdgeError(.invalid, "is no reply code from 200 to 599", field: "\(place).reply_code")
        }
        return Int(code)
    }

    /// RFC 3463, section 2.
    private static func isStatus(_ text: String) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.count == 3 && ["2", "4", "5"].contains(text.prefix(1)) && parts[0].count == 1
            && parts.allSatisfy { (1...3).contains($0.count) && $0.allSatisfy { (48...57).contains($0) } }
    }
}

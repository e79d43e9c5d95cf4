public import Model

extension MailMessage {
    /// The mail as it goes over the wire (RFC 5322, 2045 to 2047): 7-bit, CRLF line ends only, lines of at most 78
    /// bytes save for URLs, addresses and Feedback-ID, which cannot be folded. Equal messages have equal bytes.
    public func encoded() -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(1024 + text.utf8.count + text.utf8.count / 8 + (html?.utf8.count ?? 0) * 5 / 4)
        var headers = HeaderWriter()
        writeHeaders(to: &headers)
        guard let html else {
            headers.field("Content-Type", "text/plain; charset=utf-8")
            headers.field("Content-Transfer-Encoding", "quoted-printable")
            output += headers.bytes
            output += "\r\n".utf8
            QuotedPrintable.encode(text, into: &output)
            return output
        }
        headers.field("Content-Type", "multipart/alternative;\r\n boundary=\"\(boundary)\"")
        output += headers.bytes
        part("text/plain", text, into: &output)
        part("text/html", html, into: &output)
        output += "\r\n--\(boundary)--\r\n".utf8
        return output
    }

    /// Derived from the message id. It holds "=_", which no quoted-printable text can (RFC 2045, section 6.7), so it
    /// never occurs in a part.
    private var boundary: String { "=_loods_\(messageID.id)" }

    private func part(_ type: String, _ body: String, into output: inout [UInt8]) {
        output += "\r\n--\(boundary)\r\n".utf8
        output += "Content-Type: \(type); charset=utf-8\r\n".utf8
        output += "Content-Transfer-Encoding: quoted-printable\r\n\r\n".utf8
        QuotedPrintable.encode(body, into: &output)
    }

    private func writeHeaders(to headers: inout HeaderWriter) {
        headers.field("Date", date.mailDate)
        headers.address("From", from)
        if let replyTo { headers.address("Reply-To", replyTo) }
        headers.address("To", to)
        headers.field("Message-ID", messageID.description)
        headers.text("Subject", subject)
        if let listUnsubscribe {
            headers.field("List-Unsubscribe", "<\(listUnsubscribe.text)>")
            headers.field("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
        }
        if let listID { headers.phrase("List-Id", listID.description, "<\(listID.identifier.name)>") }
        if let feedbackID { headers.field("Feedback-ID", feedbackID.description) }
        if let autoSubmitted { headers.field("Auto-Submitted", autoSubmitted.rawValue) }
        if let language { headers.field("Content-Language", language.description) }
        headers.field("MIME-Version", "1.0")
    }
}

extension Timestamp {
    private static let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// `Mon, 02 Mar 2026 09:00:00 +0000` (RFC 5322, section 3.3); a fraction of a second is dropped.
    public var mailDate: String {
        // 1970-01-01 was a Thursday; `description` is `YYYY-MM-DDTHH:MM:SS` and more.
        let days = microseconds.flooredDivision(by: 86_400_000_000).quotient
        let weekday = Self.weekdays[Int(days.flooredDivision(by: 7).remainder)]
        let parts = description.split { "-T.Z".contains($0) }
        let month = Self.months[(Int(parts[1]) ?? 1) - 1]
        return "\(weekday), \(parts[2]) \(month) \(parts[0]) \(parts[3]) +0000"
    }
}

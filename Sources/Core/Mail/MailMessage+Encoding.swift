public import Model

extension MailMessage {
    /// The mail as it goes over the wire (RFC 5322, 2045 to 2047): 7-bit, CRLF line ends only, lines of at most 78
    /// bytes save for URLs, addresses and Feedback-ID, which cannot be folded. Equal messages have equal bytes.
    ///
    /// Its structure is the plainest that holds what there is: text, or text and HTML as alternatives; images beside the HTML
    /// that shows them (RFC 2387); attachments behind it all.
    public func encoded() -> [UInt8] {
        var output: [UInt8] = []
        let files = (images + attachments).reduce(0) { $0 + $1.encoded.count + 512 }
        output.reserveCapacity(1024 + text.utf8.count + text.utf8.count / 8 + (html?.utf8.count ?? 0) * 5 / 4 + files)
        var headers = HeaderWriter()
        writeHeaders(to: &headers)
        output += headers.bytes
        guard !attachments.isEmpty else {
            body(into: &output)
            return output
        }
        let mixed = boundary("m")
        begin("mixed", mixed, into: &output)
        separate(mixed, into: &output)
        body(into: &output)
        for file in attachments {
            separate(mixed, into: &output)
            attach(file, into: &output)
        }
        end(mixed, into: &output)
        return output
    }

    /// The fields that describe the text, and the text.
    private func body(into output: inout [UInt8]) {
        guard let html else { return written("text/plain", text, into: &output) }
        let alternative = boundary("")
        begin("alternative", alternative, into: &output)
        separate(alternative, into: &output)
        written("text/plain", text, into: &output)
        separate(alternative, into: &output)
        let shown = images.filter { Self.mentions($0, html) }
        if shown.isEmpty { written("text/html", html, into: &output) } else { related(html, shown, into: &output) }
        end(alternative, into: &output)
    }

    private func related(_ html: String, _ shown: [MailFile], into output: inout [UInt8]) {
        let related = boundary("r")
        begin("related", related, into: &output)
        separate(related, into: &output)
        written("text/html", showing(shown, html), into: &output)
        for image in shown {
            separate(related, into: &output)
            show(image, into: &output)
        }
        end(related, into: &output)
    }

    /// Derived from the message id, and another at each level. It holds "=_", which no quoted-printable text and no base64
    /// can (RFC 2045, sections 6.7 and 6.8), so it never occurs in a part.
    private func boundary(_ level: String) -> String { "=_loods_\(level)\(messageID.id)" }

    private func begin(_ kind: String, _ boundary: String, into output: inout [UInt8]) {
        output += "Content-Type: multipart/\(kind);\r\n boundary=\"\(boundary)\"\r\n".utf8
    }

    private func separate(_ boundary: String, into output: inout [UInt8]) { output += "\r\n--\(boundary)\r\n".utf8 }

    private func end(_ boundary: String, into output: inout [UInt8]) { output += "\r\n--\(boundary)--\r\n".utf8 }

    private func written(_ type: String, _ body: String, into output: inout [UInt8]) {
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
            let mail = unsubscribeAddress.map { ",\r\n <mailto:\($0.address)?subject=unsubscribe>" } ?? ""
            headers.field("List-Unsubscribe", "<\(listUnsubscribe.text)>\(mail)")
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

extension ReturnedMail {
    /// What a feedback report (RFC 5965) says, or the forwarded mail of a provider that has no such report; nil for others.
    var complaints: [Bounce]? {
        if let report = mail.parts.first(where: { $0.type == "message/feedback-report" }) {
            return [complaint(HeaderBlock(report.text))]
        }
        // Microsoft's Junk Mail Reporting Program.
        guard hasOriginal, ByteText(subject).lower.starts(with: "complaint about message".utf8) else {
            return nil
        }
        return [Bounce(recipient: complainant, class: .complaint, reason: "abuse")]
    }

    private func complaint(_ report: HeaderBlock) -> Bounce {
        let type = (report["feedback-type"] ?? "abuse").lowercased()
        let named = report.addresses("original-rcpt-to", "removal-recipient", "final-recipient")
        return Bounce(
            recipient: named.first ?? complainant, class: Self.class(ofFeedback: type),
            reason: ByteText(type).sentence(Self.wordsLimit))
    }

    /// What a feedback type means. A failed authentication (RFC 6591) is no recipient's word, and "not-spam" (RFC 6430) the
    /// opposite of a complaint.
    static func `class`(ofFeedback type: String) -> Bounce.Class {
        ["auth-failure", "not-spam"].contains(type.lowercased()) ? .none : .complaint
    }

    private var complainant: String? {
        originalRecipients.first { !originalSenders.contains($0.lowercased()) } ?? originalRecipients.first
    }

    /// The answer of somebody's mail program; nil for others.
    var automaticReply: Bounce? {
        guard !isReport, !isServers, mail.header["x-failed-recipients"] == nil else { return nil }
        let subject = ByteText(self.subject)
        let isSubmitted = (mail.header["auto-submitted"] ?? "").lowercased().hasPrefix("auto-replied")
        // Servers exist that mark reports as answers. They name a code, and people's programs repeat a subject.
        let namesCode = words.failure != nil || words.failureCode != nil && Phrases.deliveryWords.occur(in: words)
        let speaksOfFailure = (subject.contains("fail") || subject.contains("deliver")) && namesCode
        let isMarked =
            mail.header["x-autoreply"] != nil || mail.header["x-autorespond"] != nil
            || (mail.header["precedence"] ?? "").lowercased() == "auto_reply"
            || (mail.header["x-apple-action"] ?? "").lowercased() == "vacation"
        guard isSubmitted && !speaksOfFailure || isMarked || Phrases.awaySubjects.occur(in: subject) else { return nil }
        return Bounce(
            recipient: mail.header.addresses("from").first, class: .autoReply,
            reason: subject.sentence(Self.wordsLimit))
    }
}

import Model

extension ReturnedMail {
    /// What a provider says in JSON: the notifications of Amazon SES, which its notification service mails; nil for others.
    var notice: [Bounce]? {
        guard let notice = mail.words.leadingObject, let kind = notice["notificationType"] ?? notice["eventType"] else {
            return nil
        }
        switch kind.string {
        case "Bounce": return bounced(notice["bounce"])
        case "Complaint": return complained(notice["complaint"])
        case "Delivery": return delivered(notice["delivery"])
        default: return nil
        }
    }

    private static func address(_ member: JSON?) -> String? {
        (member?.string).flatMap { text in ByteText(text).addresses.first { _ in true }?.text }
    }

    private func bounced(_ bounce: JSON?) -> [Bounce] {
        let passes = bounce?["bounceType"]?.string == "Transient"
        return (bounce?["bouncedRecipients"]?.array ?? []).prefix(Self.mostRecipients).map { recipient in
            let said = ByteText(recipient["diagnosticCode"]?.string ?? "")
            let status = said.status ?? ByteText(recipient["status"]?.string ?? "").status
            let (`class`, derived) = Judgement.of(
                Judgement.Evidence(status: status, replyCode: said.replyCode, words: said, isFinal: true))
            return Bounce(
                recipient: Self.address(recipient["emailAddress"]),
                class: passes && `class` == .invalid ? .transient : `class`,
                status: derived, replyCode: said.replyCode, reason: said.sentence(Self.wordsLimit))
        }
    }

    private func complained(_ complaint: JSON?) -> [Bounce] {
        let type = complaint?["complaintFeedbackType"]?.string ?? "abuse"
        return (complaint?["complainedRecipients"]?.array ?? []).prefix(Self.mostRecipients).map { recipient in
            Bounce(
                recipient: Self.address(recipient["emailAddress"]), class: Self.class(ofFeedback: type),
                reason: ByteText(type).sentence(Self.wordsLimit))
        }
    }

    private func delivered(_ delivery: JSON?) -> [Bounce] {
        let said = ByteText(delivery?["smtpResponse"]?.string ?? "")
        return (delivery?["recipients"]?.array ?? []).prefix(Self.mostRecipients).map { recipient in
            Bounce(
                recipient: Self.address(recipient), class: .delivered, status: said.status ?? EnhancedStatus(2, 0, 0),
                replyCode: said.replyCode, reason: said.sentence(Self.wordsLimit))
        }
    }
}

extension ByteText {
    /// The JSON object with which the text begins, wrapped or not; nil where it does not.
    fileprivate var leadingObject: JSON? {
        let text = bytes.filter { $0 != UInt8(ascii: "\n") }.drop(while: Self.isSpace)
        guard text.first == UInt8(ascii: "{") else { return nil }
        var (depth, isQuoted, isEscaped) = (0, false, false)
        for (place, byte) in zip(text.indices, text) {
            if isQuoted {
                if !isEscaped, byte == UInt8(ascii: "\"") { isQuoted = false }
                isEscaped = !isEscaped && byte == UInt8(ascii: "\\")
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): isQuoted = true
            case UInt8(ascii: "{"): depth += 1
            case UInt8(ascii: "}"):
                depth -= 1
                if depth == 0 { return try? JSON(parsing: Array(text[...place])) }
            default: break
            }
        }
        return nil
    }
}

import Mail
import Model

/// The mail that the golden bytes are of, with what tests change.
func sampleMail(
    fromName: String? = "Loods Shop", to: String = "anne@example.test", toName: String? = nil,
    subject: String = "Welcome", text: String = "Hello Anne\n", html: String? = nil, unsubscribe: String? = nil,
    date: Timestamp = Timestamp(seconds: 1_772_442_000)
) throws -> MailMessage {
    let domain = try MailDomain("shop.test")
    return try MailMessage(
        from: MailAddress(localPart: "shop", domain: domain, displayName: fromName.map { try HeaderValue($0) }),
        to: MailAddress(to, displayName: toName.map { try HeaderValue($0) }), subject: HeaderValue(subject), date: date,
        messageID: MessageID(UniqueID(high: 0x0123_4567_89AB_8DEF, low: 0x8123_4567_89AB_CDEF), at: domain), text: text,
        html: html, listUnsubscribe: unsubscribe.map(HeaderURL.init))
}

func encodedText(_ mail: MailMessage) -> String { String(decoding: mail.encoded(), as: UTF8.self) }

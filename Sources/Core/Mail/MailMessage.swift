public import Model

/// One mail to one recipient, complete but for its signature.
public struct MailMessage: Sendable, Hashable {
    public var from: MailAddress
    public var to: MailAddress
    public var replyTo: MailAddress?
    public var subject: HeaderValue
    /// The `Date` header, in whole seconds of UTC.
    public var date: Timestamp
    public var messageID: MessageID
    /// The plain-text part; every mail has one.
    public let text: String
    /// The HTML alternative, shown in preference to the text.
    public var html: String?
    /// Where a POST unsubscribes at once (RFC 8058) and a GET shows a page that can; nil: no list headers for it.
    public var listUnsubscribe: HeaderURL?
    /// Where a mail unsubscribes as well (RFC 2369); named behind ``listUnsubscribe``, and not without it.
    public var unsubscribeAddress: MailAddress?
    public var listID: ListID?
    public var feedbackID: FeedbackID?
    public var autoSubmitted: AutoSubmission?
    /// What it is written in (RFC 3282).
    public var language: LanguageTag?
    /// Shown by the HTML, which names them as `cid:NAME` in quotes.
    public var images: [MailFile] = []
    public var attachments: [MailFile] = []

    /// Throws `emptyText` where `text` has nothing but white space.
    public init(
        from: MailAddress, to: MailAddress, replyTo: MailAddress? = nil, subject: HeaderValue, date: Timestamp,
        messageID: MessageID, text: String, html: String? = nil, listUnsubscribe: HeaderURL? = nil,
        listID: ListID? = nil, feedbackID: FeedbackID? = nil, autoSubmitted: AutoSubmission? = nil,
        language: LanguageTag? = nil
    ) throws(MailError) {
        guard text.contains(where: { !$0.isWhitespace }) else {
            throw MailError(.emptyText, "the plain-text part is empty")
        }
        self.from = from
        self.to = to
        self.replyTo = replyTo
        self.subject = subject
        self.date = date
        self.messageID = messageID
        self.text = text
        self.html = html
        self.listUnsubscribe = listUnsubscribe
        self.listID = listID
        self.feedbackID = feedbackID
        self.autoSubmitted = autoSubmitted
        self.language = language
    }
}

public import Model

/// When marketing by mail ends for those who show no sign of life: mailing on to people who never react spoils a sender's name
/// with mailbox providers.
public struct Sunset: Sendable, Hashable {
    /// How long without a sign; a length of time that passes.
    public var after: Span
    /// How many marketing mails they must have had without one: whoever got few had little to react to.
    public var mails: Int
    /// The events that are signs; of opens and clicks those alone that people made.
    public var signs: Set<String>

    public init(after: Span, mails: Int, signs: Set<String> = Sunset.usualSigns) {
        self.after = after
        self.mails = mails
        self.signs = signs
    }

    /// What people do and machines do not. No opens: much of what opens mails are machines that look like people.
    public static let usualSigns: Set<String> = [
        EventNames.emailClicked, EventNames.pageViewed, EventNames.screenViewed, EventNames.formSubmitted,
        EventNames.assetDownloaded, EventNames.ratingGiven, EventNames.siteMessageClicked, "Order Completed",
    ]
}

/// How a contact has reacted to marketing of late.
public struct Engagement: Sendable, Hashable {
    /// The latest sign of life; a consent that was given is one. Nil: there never was any.
    public var lastSign: Timestamp?
    /// The marketing mails that were handed over since.
    public var mails: Int
    /// When the first of these was.
    public var firstMail: Timestamp?

    public init(lastSign: Timestamp? = nil, mails: Int = 0, firstMail: Timestamp? = nil) {
        self.lastSign = lastSign
        self.mails = mails
        self.firstMail = firstMail
    }

    /// What `sends`, in the order of time, come to after the latest sign.
    public init(lastSign: Timestamp?, after sends: [Timestamp]) {
        let since = sends.filter { sent in lastSign.map { sent > $0 } ?? true }
        self.init(lastSign: lastSign, mails: since.count, firstMail: since.first)
    }
}

extension Sunset {
    /// From when on no marketing goes to somebody; nil: time alone does not bring that about.
    func end(for engagement: Engagement) -> Timestamp? {
        guard engagement.mails >= mails else { return nil }
        return (engagement.lastSign ?? engagement.firstMail).map { $0 + after }
    }
}

extension [ConsentEntry] {
    /// When the person last said yes to anything, as far as they have not taken it back; nil: never.
    public var lastYes: Timestamp? { filter { $0.state == .given }.map(\.at).max() }
}

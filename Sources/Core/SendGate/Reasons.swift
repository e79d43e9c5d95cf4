/// Why a message may not be sent, or not yet: one bit a reason, as decisions store it.
///
/// A bit keeps its meaning for good, since stored decisions hold the raw value; new reasons take the next free bit.
public struct Reasons: OptionSet, Sendable, Hashable {
    public let rawValue: UInt32

    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Nobody ever gave consent for the topic at this address.
    public static let noConsent = Reasons(rawValue: 1 << 0)
    /// Consent for the topic at this address was given and taken back.
    public static let consentWithdrawn = Reasons(rawValue: 1 << 1)
    /// Consent for the topic at this address was asked for and is not confirmed yet.
    public static let consentPending = Reasons(rawValue: 1 << 2)
    /// Consent for the topic at this address was given for a time that is over.
    public static let consentLapsed = Reasons(rawValue: 1 << 3)
    /// The topic may go to whoever has bought, and the contact has not, or so long ago that it counts no longer.
    public static let noSale = Reasons(rawValue: 1 << 27)
    /// The contact has shown no sign of life for so long, over so many mails, that marketing ends.
    public static let unengaged = Reasons(rawValue: 1 << 28)
    /// The address is suppressed for this class of message.
    public static let suppressed = Reasons(rawValue: 1 << 4)
    /// The contact has no address on the channel.
    public static let noAddress = Reasons(rawValue: 1 << 5)
    /// The address cannot be used on the channel.
    public static let badAddress = Reasons(rawValue: 1 << 6)
    /// The last instant at which the message made sense has passed.
    public static let expired = Reasons(rawValue: 1 << 7)
    /// The run that planned the message has ended.
    public static let journeyEnded = Reasons(rawValue: 1 << 8)
    /// The contact was erased.
    public static let erased = Reasons(rawValue: 1 << 9)
    /// The first instant at which the message may go has not come.
    public static let notDue = Reasons(rawValue: 1 << 10)
    /// Its journey is paused.
    public static let journeyPaused = Reasons(rawValue: 1 << 11)
    /// The contact is not in the segment any more that the broadcast goes to.
    public static let leftSegment = Reasons(rawValue: 1 << 20)
    /// Mail servers refuse what comes from its sender, and somebody has to mend that; or somebody has paused the sender.
    public static let senderPaused = Reasons(rawValue: 1 << 21)
    /// Somebody has turned the workspace's kill switch on: it sends nothing.
    public static let workspaceStopped = Reasons(rawValue: 1 << 26)
    /// It waits in line, since a limit on how fast mails go is reached.
    public static let paced = Reasons(rawValue: 1 << 25)
    /// It is one of the hours in which the contact gets no marketing.
    public static let quietHours = Reasons(rawValue: 1 << 12)
    /// The contact has had as many marketing messages as a frequency cap allows.
    public static let capped = Reasons(rawValue: 1 << 13)
    /// Beside another one: the run ends with the message.
    public static let endsRun = Reasons(rawValue: 1 << 14)
    /// The contact is one of those that get no marketing, so that its effect can be measured.
    public static let heldOut = Reasons(rawValue: 1 << 15)
    /// The contact was asked for consent to the topic at this address and said no.
    public static let consentDenied = Reasons(rawValue: 1 << 24)
}

extension Reasons {
    private static let vocabulary: [(Reasons, String)] = [
        (.noConsent, "no consent for the topic at this address"),
        (.consentWithdrawn, "consent for the topic was withdrawn"),
        (.consentPending, "consent for the topic is not confirmed yet"),
        (.consentLapsed, "consent for the topic has lapsed"),
        (.noSale, "no sale of late that mail of the topic could rest on"),
        (.unengaged, "no sign of life for so long that marketing ends (sunset)"),
        (.suppressed, "the address is suppressed"),
        (.consentDenied, "consent for the topic was refused"),
        (.noAddress, "the contact has no address on this channel"),
        (.badAddress, "the address cannot be used"),
        (.expired, "its time to be sent has passed"),
        (.journeyEnded, "its run has ended"),
        (.erased, "the contact was erased"),
        (.notDue, "its time to be sent has not come"),
        (.journeyPaused, "its journey is paused"),
        (.leftSegment, "the contact has left the segment that the broadcast goes to"),
        (.senderPaused, "mail of its sender stands still"),
        (.workspaceStopped, "the workspace's kill switch is on"),
        (.paced, "it waits in line for its turn, as limits on the pace of mails say"),
        (.quietHours, "quiet hours"),
        (.capped, "a frequency cap is reached"),
        (.endsRun, "so its run ends"),
        (.heldOut, "the contact is in the hold-out"),
    ]

    /// The reasons in words, in the order of their bits; a bit of a newer version reads "reason N".
    public var words: [String] {
        (0..<32).filter { rawValue & (1 << $0) != 0 }.map { bit in
            Self.vocabulary.first { $0.0.rawValue == 1 << bit }?.1 ?? "reason \(bit)"
        }
    }
}

extension Reasons: CustomStringConvertible {
    public var description: String { words.joined(separator: "; ") }
}

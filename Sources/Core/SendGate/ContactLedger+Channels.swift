extension Channel {
    /// What a site shows its visitor.
    public static let site = Channel(rawValue: "site")
    /// What comes by post.
    public static let postcard = Channel(rawValue: "postcard")
}

extension ContactLedger {
    /// The address of messages that no mailbox gets: there is none that consents and suppressions could tell apart.
    public static let noMailbox = MessageAddress.usable("")

    /// The ledger as messages on another channel than e-mail are held to it. Consent to a topic is consent to hear of it,
    /// however, unless it was withdrawn by e-mail, which is for all, or on that channel; who wants no marketing wants none there either; and that mail does not
    /// arrive at an address matters not.
    public func elsewhere(on channel: Channel) -> ContactLedger {
        var ledger = self
        let withdrawn = Set(consents.lazy.filter { $0.state.isRefusal && $0.isFor(channel) }.map(\.topic))
        ledger.consents.removeAll { $0.state.isRefusal && !$0.isFor(channel) }
        ledger.consents.removeAll { !$0.state.isRefusal && withdrawn.contains($0.topic) }
        for index in ledger.consents.indices {
            (ledger.consents[index].channel, ledger.consents[index].address) = (channel, "")
        }
        ledger.suppressions = suppressions.filter { $0.kind != .invalidAddress }.map { order in
            Suppression(order.kind, channel: channel, address: "")
        }
        return ledger
    }
}

extension ConsentRecord {
    /// What is said of e-mail is said of the topic as a whole.
    fileprivate func isFor(_ channel: Channel) -> Bool { self.channel == .email || self.channel == channel }
}

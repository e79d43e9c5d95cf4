/// The mailboxes that every host has that takes mail: `postmaster` (RFC 5321, section 4.5.1) and `abuse` (RFC 2142, section 4).
enum StandingMailbox: String, Sendable, CaseIterable {
    case postmaster
    case abuse

    /// Nil for any other address. `postmaster` needs no host.
    init?(_ address: some StringProtocol) {
        let local = address.prefix { $0 != "@" }.lowercased()
        guard let mailbox = Self(rawValue: local), mailbox == .postmaster || local.count < address.count else {
            return nil
        }
        self = mailbox
    }
}

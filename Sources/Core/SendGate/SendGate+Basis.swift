import Model

extension SendGate {
    /// How mail of a topic stands.
    struct Standing {
        /// Why it may not go; empty where it may.
        var reasons: Reasons = []
        /// Until when time alone does not change that.
        var until = Timestamp.distantFuture
        /// On what it goes; nil where it does not.
        var basis: SendBasis?
    }

    /// Why mail of a topic may not go, and where it may, on what and until when: by consent, or by what else the topic rests
    /// on.
    ///
    /// Who has said no gets none, on whatever basis. A topic that rests on something else than consent minds an objection
    /// made at any address of the person's: it is they who object, and a new address is no new person.
    static func standing(
        of topic: String, _ message: MessageFacts, at address: String, _ ledger: ContactLedger, _ policy: SendPolicy,
        now: Timestamp
    ) -> Standing {
        let consent = ledger.consents.first {
            $0.topic == topic && $0.channel == message.channel && $0.address == address
        }
        if consent?.state == .withdrawn { return Standing(reasons: .consentWithdrawn) }
        if consent?.state == .denied { return Standing(reasons: .consentDenied) }
        let isOver = consent?.lapsesAt.map { now >= $0 } ?? false
        if let consent, consent.state == .granted, !isOver {
            return Standing(until: consent.lapsesAt ?? .distantFuture, basis: .consent(since: consent.since))
        }
        let lack: Reasons = consent == nil ? .noConsent : isOver ? .consentLapsed : .consentPending
        let basis = policy.bases[topic] ?? .consent
        if basis != .consent, ledger.objections.contains(topic) { return Standing(reasons: .consentWithdrawn) }
        switch basis {
        case .consent: return Standing(reasons: lack)
        case .legitimateInterest(let test): return Standing(basis: .interest(test))
        case .softOptIn(let terms):
            guard let sale = ledger.sales[terms.event], now < sale + terms.within else {
                return Standing(reasons: lack.union(.noSale))
            }
            return Standing(until: sale + terms.within, basis: .sale(event: terms.event, at: sale))
        }
    }
}

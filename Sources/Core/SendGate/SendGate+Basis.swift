import Model

extension SendGate {
    /// Why mail of a topic may not go, and where it may, until when: by consent, or by what else the topic rests on.
    ///
    /// Who has said no gets none, on whatever basis. A topic that rests on a legitimate interest minds an objection made at
    /// any address of the person's: it is they who object, and a new address is no new person.
    static func standing(
        of topic: String, _ consent: ConsentRecord?, on basis: LegalBasis, _ ledger: ContactLedger, now: Timestamp
    ) -> (reasons: Reasons, until: Timestamp) {
        if consent?.state == .withdrawn { return (.consentWithdrawn, .distantFuture) }
        if consent?.state == .denied { return (.consentDenied, .distantFuture) }
        let isOver = consent?.lapsesAt.map { now >= $0 } ?? false
        let isGranted = consent?.state == .granted && !isOver
        if case .legitimateInterest = basis {
            let isRefused = !isGranted && ledger.objections.contains(topic)
            let lapse = isGranted ? consent?.lapsesAt : nil
            return (isRefused ? .consentWithdrawn : [], lapse ?? .distantFuture)
        }
        switch consent?.state {
        case .granted: return (isOver ? .consentLapsed : [], consent?.lapsesAt ?? .distantFuture)
        case .pending: return (isOver ? .consentLapsed : .consentPending, .distantFuture)
        default: return (.noConsent, .distantFuture)
        }
    }
}

/// Makes of codes and words what they mean.
enum Judgement {
    /// What has been said of one recipient: by codes first, by words where there are none or they say little.
    struct Evidence {
        var status: EnhancedStatus?
        var replyCode: Int?
        var words: ByteText
        /// The server says that it gave up, though it names no code.
        var isFinal = false
    }

    /// The class, and the status derived where there is none. What is refused without a reason counts as policy.
    static func of(_ evidence: Evidence) -> (Bounce.Class, EnhancedStatus) {
        let `class` = known(of: evidence) ?? .policy
        return (`class`, status(of: evidence, `class`))
    }

    /// The class; nil for what is refused for good by codes and words that do not tell why.
    static func known(of evidence: Evidence) -> Bounce.Class? {
        let digit = evidence.status?.class ?? evidence.replyCode.map { $0 / 100 }
        let meant = meaning(evidence)
        if digit == 4 { return meant == .mailbox ? .mailbox : .transient }
        if digit == nil, !evidence.isFinal, Phrases.tryingOn.occur(in: evidence.words) { return .transient }
        let passes = Phrases.passing.occur(in: evidence.words)
        guard let meant else { return passes || digit == nil ? .transient : nil }
        return meant == .invalid && digit == nil && passes ? .transient : meant
    }

    /// What the words say is believed where the code is of the same kind or says little.
    private static func meaning(_ evidence: Evidence) -> Bounce.Class? {
        let coded = evidence.status.flatMap(`class`(of:))
        guard let said = Phrases.meaning(of: evidence.words), said.isFirm || coded == nil else { return coded }
        switch coded {
        case nil, .invalid, .policy: return said.class
        // Disabled boxes have a code of their own, which many give to addresses that they never knew.
        case .mailbox where said.class == .invalid: return .invalid
        default: return coded
        }
    }

    /// By the registry of RFC 5248.
    private static func `class`(of status: EnhancedStatus) -> Bounce.Class? {
        switch (status.subject, status.detail) {
        case (1, 7), (1, 8): .policy
        case (1, _): .invalid
        case (2, 0), (2, 4): nil
        case (2, 3), (3, 4), (6, _): .content
        case (2, _): .mailbox
        case (4, 4) where status.class == 5: .invalid
        case (7, _): .policy
        default: nil
        }
    }

    private static func status(of evidence: Evidence, _ class: Bounce.Class) -> EnhancedStatus {
        if let status = evidence.status { return status }
        let digit: Int
        if let code = evidence.replyCode {
            digit = code / 100
        } else {
            digit = `class` == .transient && !evidence.isFinal && Phrases.tryingOn.occur(in: evidence.words) ? 4 : 5
        }
        switch `class` {
        case .invalid: return EnhancedStatus(digit, 1, 1)
        case .mailbox: return EnhancedStatus(digit, 2, 0)
        case .policy: return EnhancedStatus(digit, 7, 0)
        case .content: return EnhancedStatus(digit, 6, 0)
        default: return EnhancedStatus(digit, 0, 0)
        }
    }
}

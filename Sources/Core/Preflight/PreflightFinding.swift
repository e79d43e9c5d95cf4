/// What a check before sending found.
public struct PreflightFinding: Sendable, Hashable {
    /// How much it matters.
    public enum Severity: String, Sendable, Hashable, Comparable {
        /// As it should be.
        case passed
        /// Worth knowing; nothing to mend.
        case note
        /// Some receivers, or some readers, will mind.
        case warning
        /// Mails would be refused, or could not be used.
        case error

        private var rank: Int {
            switch self {
            case .passed: 0
            case .note: 1
            case .warning: 2
            case .error: 3
            }
        }

        public static func < (a: Self, b: Self) -> Bool { a.rank < b.rank }
    }

    public var severity: Severity
    /// What was looked at, for programs: `spf`, `contrast`.
    public var check: String
    /// One clause.
    public var message: String
    /// How to put it right, where that is known.
    public var help: String?

    public init(_ severity: Severity, _ check: String, _ message: String, help: String? = nil) {
        (self.severity, self.check, self.message, self.help) = (severity, check, message, help)
    }
}

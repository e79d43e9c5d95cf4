/// How a Loods process ends: the values of BSD's `sysexits.h` that every service and command uses.
public struct ExitCode: RawRepresentable, Sendable, Hashable {
    public var rawValue: Int32

    public init(rawValue: Int32) { self.rawValue = rawValue }

    /// All work is done.
    public static let done = ExitCode(rawValue: 0)
    /// The settings or the arguments are wrong (`EX_USAGE`).
    public static let settings = ExitCode(rawValue: 64)
    /// A server that the process needs is away (`EX_UNAVAILABLE`).
    public static let dependencyAway = ExitCode(rawValue: 69)
    /// The fault is ours (`EX_SOFTWARE`).
    public static let ourFault = ExitCode(rawValue: 70)
}

/// Thrown by a service, at start or from `run()`, to end its process with a code and a sentence for the operator.
public struct ExitFault: Error, Sendable, CustomStringConvertible {
    public var code: ExitCode
    /// Names the fault and the way out; stands in the log, so it holds no secret.
    public var message: String

    public init(code: ExitCode, message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}

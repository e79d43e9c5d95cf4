/// Something wrong, or odd, in a workspace's files, with its place.
public struct Finding: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Severity: String, Sendable {
        /// The workspace cannot be applied.
        case error
        case warning
    }

    /// What kind of fault it is, for scripts.
    public enum Code: String, Sendable {
        /// The file is not YAML of the kind that is read here.
        case yaml
        case missing
        /// A key that is not read in its place.
        case unknownKey = "unknown-key"
        /// A value that is not of the form wanted.
        case invalid
        /// A name that stands for nothing.
        case unknownName = "unknown-name"
        case duplicate
        case expression
        case template
        /// Something that can never be reached.
        case unreachable
        case notAvailable = "not-available"
        /// A file or definition that nothing reads.
        case unused
        /// A condition that can never be true.
        case neverTrue = "never-true"
        /// An event that stands in one place only, and was perhaps meant to be another.
        case nameUsedOnce = "name-used-once"
        /// A goal that an earlier run may have reached.
        case bareDid = "bare-did"
        /// Opens or clicks where nobody can consent to tracking.
        case noTracking = "no-tracking"
        /// A merge field that may leave a gap.
        case noFallback = "no-fallback"
        /// A stage in which no persona is sent anything.
        case emptyCell = "empty-cell"
        /// Content that was to be looked at again.
        case reviewDue = "review-due"
        /// A link to leave a topic where there is none.
        case noWayOut = "no-way-out"
        /// A journey that starts itself again by what it changes.
        case endless
        /// Two journeys that mail one contact on one day.
        case sameDay = "same-day"
        /// A time for which something is set has been.
        case past
    }

    /// Relative to the workspace's folder.
    public var file: String
    /// 1-based; column in Unicode scalars.
    public var line: Int
    public var column: Int
    public var severity: Severity
    public var code: Code
    /// One clause, without the position.
    public var message: String
    /// How to put it right, where that is known.
    public var help: String?

    public init(
        file: String, line: Int, column: Int, severity: Severity, code: Code, message: String, help: String? = nil
    ) {
        self.file = file
        self.line = line
        self.column = column
        self.severity = severity
        self.code = code
        self.message = message
        self.help = help
    }

    /// `journeys/trial.yaml:12:21  unknown topic "onbording" (did you mean "onboarding"?)`.
    public var description: String {
        let kind = severity == .warning ? "warning: " : ""
        return "\(file):\(line):\(column)  \(kind)\(message)" + (help.map { " (\($0))" } ?? "")
    }
}

extension Finding: Comparable {
    /// In the order of reading: by file, then place.
    public static func < (left: Finding, right: Finding) -> Bool {
        (left.file, left.line, left.column, left.message) < (right.file, right.line, right.column, right.message)
    }
}

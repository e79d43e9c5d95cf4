/// Why a journey cannot be laid out or a stored run cannot go on.
public struct JourneyError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: String, Sendable {
        /// Two steps of one name.
        case duplicateStep
        /// More than a table holds.
        case tooManySteps
        /// The stored run stands at a step that this version does not have, or not of that kind.
        case unknownStep
        /// The stored run is not of a form that this version reads.
        case unreadableRun
    }

    public var code: Code
    public var message: String

    /// Names steps and forms, never contacts.
    public var description: String { "\(code.rawValue): \(message)" }
}

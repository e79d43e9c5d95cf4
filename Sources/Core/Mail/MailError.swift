/// A fault in what a mail was to be made of.
///
/// `description` names no address and no content, so it is safe to log.
public struct MailError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// A header value holds a control character (CR, LF and NUL among them).
        case controlCharacter
        /// Not an address of the form local-part@domain.
        case malformedAddress
        /// The address is not ASCII before its @: it needs SMTPUTF8 (RFC 6531).
        case needsInternationalMail
        /// Not a domain name.
        case malformedDomain
        /// Not an absolute http or https URL that fits a header.
        case malformedURL
        /// The plain-text part is missing: every mail has one.
        case emptyText
        /// A value is longer than its header can carry.
        case tooLong
        /// A file that was to go with a mail cannot be read.
        case malformedFile
        /// No key that can sign mails.
        case unusableKey
    }

    public var code: Code
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { "\(message) (\(code.rawValue))" }
}

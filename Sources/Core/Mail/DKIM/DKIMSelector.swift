/// The name of one of a domain's keys (RFC 6376, section 3.1): labels as DNS has them, in lower case.
public struct DKIMSelector: Sendable, Hashable, Comparable, CustomStringConvertible {
    public let name: String

    /// Throws `malformedDomain` for what could not stand before `._domainkey`.
    public init(_ name: String) throws(MailError) {
        let labels = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard name.utf8.count <= 128, labels.allSatisfy({ MailDomain.isLabel($0) }) else {
            throw MailError(.malformedDomain, "not a selector: letters, digits and inner hyphens, such as k2026")
        }
        self.name = name.lowercased()
    }

    public var description: String { name }

    public static func < (a: DKIMSelector, b: DKIMSelector) -> Bool { a.name < b.name }
}

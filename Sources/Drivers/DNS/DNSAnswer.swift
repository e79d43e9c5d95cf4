/// What a name has.
public enum DNSRecord: Sendable, Hashable {
    /// TXT: its strings joined (RFC 7208, section 3.3).
    case text(String)
    /// A or AAAA, as one writes it.
    case address(String)
    /// MX.
    case exchange(preference: Int, host: String)
    /// PTR or CNAME, in lower case and without a dot at its end.
    case name(String)

    /// The kinds that can be asked for, by their numbers (RFC 1035, section 3.2.2; RFC 3596).
    public enum Kind: UInt16, Sendable, Hashable, CaseIterable {
        case a = 1
        case cname = 5
        case ptr = 12
        case mx = 15
        case txt = 16
        case aaaa = 28
    }
}

/// How a question to DNS ended.
public enum DNSAnswer: Sendable, Hashable {
    /// At least one.
    case records([DNSRecord])
    /// There is none of the kind, or not even the name.
    case nothing(nameExists: Bool)
    /// Nobody knows: it may be there.
    case failed(Reason)

    /// Why nobody knows.
    public enum Reason: Sendable, Hashable {
        case timeOut
        /// A server answered that it cannot, or will not.
        case refused
        /// The answer cannot be read.
        case malformed
        /// It could not be asked.
        case failed
    }
}

/// What is wrong with a resolver's settings.
public enum DNSError: Error, Hashable, CustomStringConvertible {
    case server(String)

    public var description: String {
        switch self {
        case .server(let text):
            "\"\(text)\" is not the address of a name server: an IP address with its port, such as 127.0.0.1:53"
        }
    }
}

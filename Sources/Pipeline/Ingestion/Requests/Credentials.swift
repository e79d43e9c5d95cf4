import HTTPTypes

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The write key as clients send it.
enum Credentials {
    /// The user name of Basic authentication (RFC 7617), as Segment's clients send the key; nil where there is none.
    ///
    /// - Throws: `.unauthorized` where the header is there but cannot be read.
    static func writeKey(in headers: HTTPFields) throws(EdgeError) -> String? {
        guard let header = headers[.authorization] else { return nil }
        let parts = header.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "basic",
            let bytes = Data(base64Encoded: String(parts[1])),
            let text = String(validating: bytes, as: UTF8.self),
            let name = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).first, !name.isEmpty
        else { throw EdgeError(.unauthorized, "the Authorization header is not Basic with the write key as user name") }
        return String(name)
    }
}

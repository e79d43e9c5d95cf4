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
        // By bytes: to tell characters apart takes longer than to read the request.
        guard header.utf8.prefix(scheme.count).elementsEqual(scheme, by: { $0 | 0x20 == $1 }),
            let bytes = Data(base64Encoded: String(header.utf8.dropFirst(scheme.count)) ?? ""),
            let text = String(validating: bytes, as: UTF8.self),
            let name = String(text.utf8.prefix { $0 != UInt8(ascii: ":") }), !name.isEmpty
        else { throw EdgeError(.unauthorized, "the Authorization header is not Basic with the write key as user name") }
        return name
    }

    /// In lower case; the bit that tells letters' case apart is set in a space too.
    private static let scheme = Array("basic ".utf8)
}

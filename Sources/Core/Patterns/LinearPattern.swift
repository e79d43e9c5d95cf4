internal import CRE2

/// A regular expression of RE2's syntax, matched in time linear in the text whatever pattern and text are.
public final class LinearPattern: Sendable {
    /// Longest pattern, in bytes of UTF-8.
    public static let sourceLimit = 512

    /// RE2: "Multiple threads may use the same RE2 object" (re2.h); it is not changed once it is made.
    private nonisolated(unsafe) let compiled: OpaquePointer

    /// - Throws: what is wrong with the pattern.
    public init(_ pattern: String) throws(PatternError) {
        guard pattern.utf8.count <= Self.sourceLimit else {
            throw PatternError(description: "the pattern is longer than \(Self.sourceLimit) bytes")
        }
        var pattern = pattern
        var message = [CChar](repeating: 0, count: 200)
        let compiled = pattern.withUTF8 { text in
            message.withUnsafeMutableBufferPointer {
                loods_re2_compile(text.baseAddress, text.count, $0.baseAddress, $0.count)
            }
        }
        guard let compiled else {
            let bytes = message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            throw PatternError(description: "the pattern is wrong: \(String(decoding: bytes, as: UTF8.self))")
        }
        self.compiled = compiled
    }

    deinit { loods_re2_free(compiled) }

    /// Whether the pattern matches anywhere in the text.
    public func matches(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { loods_re2_matches(compiled, $0.baseAddress, $0.count) }
    }

    /// Whether the pattern matches anywhere in text of UTF-8.
    public func matches(_ text: some Collection<UInt8>) -> Bool {
        text.withContiguousStorageIfAvailable { loods_re2_matches(compiled, $0.baseAddress, $0.count) }
            ?? Array(text).withUnsafeBufferPointer { loods_re2_matches(compiled, $0.baseAddress, $0.count) }
    }
}

/// What is wrong with a pattern.
public struct PatternError: Error, CustomStringConvertible {
    public let description: String
}

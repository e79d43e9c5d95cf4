#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A file that holds one secret, or a setting.
public struct SecretFile: Sendable {
    /// Where it is.
    public let path: String

    public init(_ path: String) { self.path = path }

    /// What it holds; throws where it cannot be read.
    func contents() throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

    /// What it holds, without one trailing line break; throws where it cannot be read.
    public func text() throws -> String {
        var text = try contents()
        if text.last?.isNewline == true { text.removeLast() }
        return text
    }

    /// Who besides its owner and group may read or change it, as a sentence; nil where nobody may.
    public var looseness: String? {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & 0o027 != 0 else { return nil }
        let mode = String(status.st_mode & 0o777, radix: 8)
        return "\(path) holds a secret but has mode \(mode), so that others can read or change it; chmod 600"
    }
}

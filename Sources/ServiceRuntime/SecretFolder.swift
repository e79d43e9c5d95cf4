#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A folder that has a folder for each owner of secrets, and in it a file for each: `OWNER/NAME.pem`. What begins with a dot,
/// or ends otherwise, is passed over.
public struct SecretFolder: Sendable {
    public struct Entry: Sendable {
        public let owner: String
        /// Without the ending.
        public let name: String
        public let file: SecretFile
    }

    /// Where it is.
    public let path: String
    private static let ending = ".pem"

    public init(_ path: String) { self.path = path }

    /// Its files, in order of owners and names; throws where the folder, or one in it, cannot be read.
    public func entries() throws -> [Entry] {
        var entries: [Entry] = []
        for owner in try Self.names(in: path) {
            // A link to a folder counts; other files beside the folders do not.
            var isFolder = false
            guard FileManager.default.fileExists(atPath: "\(path)/\(owner)", isDirectory: &isFolder), isFolder else {
                continue
            }
            for name in try Self.names(in: "\(path)/\(owner)") where name.hasSuffix(Self.ending) {
                entries.append(
                    Entry(
                        owner: owner, name: String(name.dropLast(Self.ending.count)),
                        file: SecretFile("\(path)/\(owner)/\(name)")))
            }
        }
        return entries
    }

    private static func names(in folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).filter { !$0.hasPrefix(".") }.sorted()
    }
}
